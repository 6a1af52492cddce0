"""A plug-in for pytest: ``def test_training(reproducible): reproducible(train)``.

The function runs in two fresh processes at a determinism level, and the test fails with the first
divergent step, and the likely cause, if they do not give the same result.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_OPTION, _LEVEL = "--repro-record", "--repro-level"
LEVELS = ("seeded", "strict", "portable", "portable-v2")
"""Names of the determinism levels."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of this plug-in."""
    group = parser.getgroup("repro", "reproducible training")
    group.addoption(
        _OPTION,
        metavar="FOLDER",
        nargs="?",
        const="runs",
        default=None,
        help="Keep the record of each function that the fixture reproducible runs, as a run in"
        " this folder (runs by default).",
    )
    group.addoption(
        _LEVEL,
        metavar="LEVEL",
        default="portable",
        help="Determinism level of the fixture reproducible (portable by default; seeded fixes"
        " nothing but what the function fixes itself).",
    )


class Reproducible:
    """Calls functions twice, each time in a fresh process, and compares the results.

    Parameters
    ----------
    config : pytest.Config
    place : Path
        Folder for calls that have to be handed over in a file.
    """

    def __init__(self, config: pytest.Config, place: Path) -> None:
        self._config, self._place = config, place

    def __call__(
        self,
        function: Callable[..., object],
        *args: Any,
        level: str | None = None,
        allow: str = "identical",
        **kwargs: Any,
    ) -> None:
        """Fail unless a function gives the same result twice.

        Its result, its files, its numbers and all calls that ``repro record`` observes count.

        Parameters
        ----------
        function : callable
            At the top of a module; any other one, and its arguments, are handed over as a pickle.
        level : str, optional
            Determinism level; that of ``--repro-level`` by default.
        allow : str
            ``identical``, or ``equivalent`` to allow differences within the tolerance.
        """
        __tracebackhide__ = True
        from repro.app.twice import TwiceRequest, keep, run_twice  # noqa: PLC0415 - only if used

        level = level or str(self._config.getoption(_LEVEL))
        _check("level", level, LEVELS)
        _check("allow", allow, ("identical", "equivalent"))
        request = TwiceRequest(
            words=self._words(function, args, kwargs),
            name=getattr(function, "__name__", type(function).__name__),
            folder=Path.cwd(),
            level=level,
            paths=[path for path in sys.path if path],
        )
        found = run_twice(request, _surroundings(self._config, level), _print)
        if found.failed:
            pytest.fail(
                f"{request.name} failed in a fresh process with status {found.failed}: what it"
                " printed is above",
                pytrace=False,
            )
        runs = self._config.getoption(_OPTION)
        kept = [f"run {keep(found.records[0], request.folder, Path(runs))}"] if runs else []
        allowed = {"identical", allow}
        if str(found.comparison.verdict) not in allowed:
            lines = [f"{request.name} is not reproducible", *found.sentences(), *kept]
            pytest.fail("\n".join(lines), pytrace=False)

    def _words(
        self, function: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> list[str]:
        file = _file_of(function)
        if not args and not kwargs and file is not None:
            return [f"{os.path.relpath(file)}::{function.__qualname__}"]
        # A lambda, an inner function or a method has no name to be found by.
        content = _pickled((function, args, kwargs))
        path = self._place / "call.pickle"
        path.write_bytes(content)
        return [str(path), hashlib.sha256(content).hexdigest()]


@pytest.fixture
def reproducible(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Reproducible:
    """Call a function twice in fresh processes; fail at the first step that differs."""
    return Reproducible(request.config, tmp_path_factory.mktemp("repro"))


def _surroundings(config: pytest.Config, level: str) -> Any:
    """Return what all calls of a session have in common, observed once for each level."""
    from repro.app.twice import surroundings_of  # noqa: PLC0415 - only if used

    known: dict[str, Any] = config.__dict__.setdefault("_repro_surroundings", {})
    if level not in known:
        known[level] = surroundings_of(Path.cwd(), level)
    return known[level]


def pytest_configure(config: pytest.Config) -> None:
    """Check the options of this plug-in."""
    level = str(config.getoption(_LEVEL))
    if level not in LEVELS:
        raise pytest.UsageError(f"{_LEVEL} {level}: expected one of {', '.join(LEVELS)}")


def _check(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ValueError(f"{name} {value!r}: expected one of {', '.join(known)}")


def _file_of(function: Callable[..., object]) -> str | None:
    """Return the file in which a fresh process finds a function by its name; else None."""
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    found: Any = module
    for part in getattr(function, "__qualname__", "<>").split("."):
        found = getattr(found, part, None)
    file = getattr(module, "__file__", None)
    # A bound method and a partial have names too, of a function that takes other arguments.
    is_named = isinstance(function, FunctionType) and found is function
    return file if is_named and file is not None and Path(file).suffix == ".py" else None


def _pickled(call: tuple[object, ...]) -> bytes:
    """Return a call as a pickle, with the code of modules that a fresh process would not find."""
    try:
        import cloudpickle  # noqa: PLC0415 - joblib needs it, or has its own copy
    except ImportError:
        from joblib.externals import cloudpickle  # noqa: PLC0415
    # With --import-mode=importlib, no folder of sys.path has the module of a test.
    hidden = [each for each in [*sys.modules.values()] if _is_hidden(each)]
    for module in hidden:
        cloudpickle.register_pickle_by_value(module)
    try:
        return bytes(cloudpickle.dumps(call))
    finally:
        for module in hidden:
            cloudpickle.unregister_pickle_by_value(module)


def _is_hidden(module: Any) -> bool:
    file, spec = getattr(module, "__file__", None), getattr(module, "__spec__", None)
    if not isinstance(file, str) or spec is None or not file.endswith(".py"):
        return False
    if type(spec.loader).__module__.partition(".")[0] != "_pytest":
        return False
    name = str(module.__name__).replace(".", "/")
    ways = (f"{name}.py", f"{name}/__init__.py")
    return not any(Path(path, way) == Path(file) for path in sys.path for way in ways)


def _print(block: bytes) -> None:
    sys.stdout.write(block.decode("utf-8", "replace"))
