"""Keeping the caller's folder off the import path.

Python puts the folder that it was started in before its own library where it runs a module
(``python -m``) or a command (``python -c``). A file there that is named like a module of Python,
such as ``random.py``, would then be run in its place.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping
    from pathlib import Path

SAFE_PATH = "PYTHONSAFEPATH"


def module_command(interpreter: str, module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module, and takes none from the caller's folder."""
    return [interpreter, "-P", "-m", module, *arguments]


def without_folder(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which no process imports from the folder that it is started in.

    Examples
    --------
    >>> without_folder({"PYTHONPATH": f"/x{os.pathsep}"})
    {'PYTHONPATH': '/x', 'PYTHONSAFEPATH': '1'}
    """
    found = {**environ, SAFE_PATH: "1"}
    if "PYTHONPATH" in environ:
        # An empty entry stands for the folder, and is a slip: export PYTHONPATH=/x:$PYTHONPATH.
        entries = [each for each in environ["PYTHONPATH"].split(os.pathsep) if each]
        found["PYTHONPATH"] = os.pathsep.join(entries)
    return found


@contextmanager
def safe_children(environ: MutableMapping[str, str] = os.environ) -> Iterator[None]:
    """Have the processes that are started meanwhile, such as workers, do without the folder."""
    before = {name: environ.get(name) for name in (SAFE_PATH, "PYTHONPATH")}
    environ.update(without_folder(environ))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                environ.pop(name, None)
            else:
                environ[name] = value


def is_for_python(first: str, folder: Path | None = None) -> bool:
    """Return whether a command begins like the arguments of Python: a script, ``-m`` or ``-c``.

    Parameters
    ----------
    folder : Path, optional
        Where the command runs; the current folder by default.
    """
    if not first.endswith(".py"):
        return first in {"-m", "-c"}
    import shutil  # noqa: PLC0415 - needed for a script alone

    path = os.path.join(folder or "", first)  # noqa: PTH118 - as below
    return os.path.isfile(path) and shutil.which(first) is None  # noqa: PTH113 - starts faster
