"""Files that Python imports in place of the packages that are meant.

Only the standard library is imported: this module explains why nothing else can be.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ADVICE = "rename that file, or remove its folder from PYTHONPATH"
_PRECONDITION, _INTERRUPTED = 3, 130


@contextmanager
def importing() -> Iterator[None]:
    """End with a sentence if an import fails because a different file has a package's name."""
    try:
        yield
    except KeyboardInterrupt:
        raise SystemExit(_INTERRUPTED) from None
    except Exception as error:
        found = foreign(error)
        if not found:
            raise
        if sys.stderr is not None:
            sys.stderr.write(f"error: {found}\n  next: {ADVICE}\n")
        raise SystemExit(_PRECONDITION) from error


def foreign(error: BaseException) -> str:
    """Name the module that is not the one of the standard library or of the installed package.

    Parameters
    ----------
    error : BaseException
        What was raised; a module that could not be imported is in its traceback alone.

    Returns
    -------
    str
        Empty if every module that has the name of a known one is that one.
    """
    found = _imported(error)
    for name, file in found:
        if name in sys.stdlib_module_names and not _is_standard(file):
            return f"the module '{name}' is {file}, not the one of Python's standard library"
    # Not before: it imports half of the standard library.
    from importlib.metadata import packages_distributions

    owners = packages_distributions()
    for name, file in found:
        if name in owners and not (_is_installed(name, file, owners[name]) or _is_listed(file)):
            return f"the module '{name}' is {file}, not the one of the package {owners[name][0]}"
    return ""


def _imported(error: BaseException) -> list[tuple[str, Path]]:
    """Return every top-level module that has a file, those in the traceback first."""
    spaces: list[dict[str, object]] = []
    trace = error.__traceback__
    while trace is not None:
        spaces.insert(0, trace.tb_frame.f_globals)
        trace = trace.tb_next
    spaces += [vars(module) for name, module in list(sys.modules.items()) if "." not in name]
    found = [(str(space.get("__name__")), space.get("__file__")) for space in spaces]
    return [
        (name, Path(file).resolve())
        for name, file in found
        if isinstance(file, str) and file and "." not in name
    ]


def _is_standard(file: Path) -> bool:
    import sysconfig

    places = [Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")]
    inside = any(file.is_relative_to(place) for place in places)
    return inside and "site-packages" not in file.parts


def _is_listed(file: Path) -> bool:
    """Return whether any distribution brings a file: some bring a copy of a different one."""
    from importlib.metadata import distributions

    return any(
        each.name == file.name and Path(str(each.locate())).resolve() == file
        for found in distributions()
        for each in found.files or ()
    )


def _is_installed(name: str, file: Path, owners: list[str]) -> bool:
    """Return whether a file belongs to one of the distributions that provide a module.

    One that lists no such file, as an editable installation does, is believed.
    """
    from importlib.metadata import distribution

    believed = False
    for owner in owners:
        listed = distribution(owner).files or []
        own = [each for each in listed if each.parts[0].partition(".")[0] == name]
        if not own or any(Path(str(each.locate())).resolve() == file for each in own):
            believed = True
    return believed
