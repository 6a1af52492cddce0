"""A plug-in for pytest: ``def test_training(reproducible): reproducible(train)``.

The function runs in two fresh processes at a determinism level, and the test fails with the first
divergent step, and the likely cause, if they do not give the same result.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

_OPTION = "--repro-record"


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
        "--repro-level",
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

        level = level or str(self._config.getoption("--repro-level"))
        request = TwiceRequest(
            words=self._words(function, args, kwargs),
            name=getattr(function, "__name__", "function"),
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
        name = getattr(function, "__qualname__", "<>")
        file = getattr(getattr(function, "__code__", None), "co_filename", "")
        if not args and not kwargs and "<" not in name and Path(file).is_file():
            return [f"{os.path.relpath(file)}::{name}"]
        # A lambda or an inner function has no name to be found by.
        content = _cloudpickle().dumps((function, args, kwargs))
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


def _cloudpickle() -> Any:
    try:
        import cloudpickle  # noqa: PLC0415 - joblib needs it, or has its own copy
    except ImportError:
        from joblib.externals import cloudpickle  # noqa: PLC0415
    return cloudpickle


def _print(block: bytes) -> None:
    sys.stdout.write(block.decode("utf-8", "replace"))
