"""The trace that a tracker writes to: that of ``repro record``, or one of its own."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repro.execution.recording.scratch import remove_abandoned
from repro.store.lock import WriterLock
from repro.tracing import calls
from repro.tracing.bootstrap import loaded_modules
from repro.tracing.calls import Calls
from repro.tracing.files import Files
from repro.tracing.places import Places
from repro.tracing.trace import Trace
from repro.tracing.values import Digests
from repro.tracking.written import plain, readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ELSEWHERE = ("elsewhere", 0)
_PREFIX = "repro-tracked-"


class Journal:
    """Writes what a program names as events of a trace.

    Attributes
    ----------
    is_recorded : bool
        Whether ``repro record`` records this process, so that the record will be its.
    is_sealed : bool
        Whether the process may start no program that its record does not name, such as git.
    folder : Path
        The working folder at the start.
    """

    def __init__(self) -> None:
        self.folder = Path.cwd().resolve()
        self.is_recorded = calls.ACTIVE is not None
        self.is_sealed = bool(os.environ.get("REPRO_TRACE_SEALED"))
        self._place: Path | None = None
        self._lock: WriterLock | None = None
        if calls.ACTIVE is not None:
            self._calls = calls.ACTIVE
            return
        remove_abandoned(_PREFIX)
        self._place = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
        # The system gives the lock back however the process ends.
        self._lock = WriterLock(self._place)
        trace = Trace(str(self._place))
        places = Places(str(self.folder), str(self._place))
        self._calls = Calls(trace, places, Digests(places))
        self._calls.readers = Files(trace, places).note_read
        self._calls.generators.take()
        trace.write("begin")

    @property
    def trace(self) -> Path:
        """The folder of a trace of its own."""
        if self._place is None:
            raise ValueError("the trace is that of a recorded command")
        return self._place

    def note(
        self,
        label: str,
        outputs: Mapping[str, str],
        inputs: Mapping[str, str] | None = None,
        **extra: object,
    ) -> None:
        """Write a named thing as a step at the nearest line of the user's code.

        Parameters
        ----------
        label : str
            What was done, and the thing's name.
        outputs, inputs : mapping of str to str
            Digests by name.
        """
        parts = {name: plain(each) for name, each in extra.items()}
        self._calls.named(
            self._site(), readable(label), plain(inputs or {}), plain(outputs), **parts
        )

    def number(self, name: str, value: float, place: int | None) -> None:
        """Write a logged number."""
        self._calls.trace.write("logged", name=readable(name), value=value, place=place, site=None)

    def seeded(self, generators: Iterator[str] | list[str]) -> None:
        """Write that generators were seeded, where nothing else observes that."""
        if not self.is_recorded:
            for name in generators:
                known = _GENERATORS.get(name)
                if known is not None:
                    self._calls.trace.write("seed", generator=known, given=True, site=None)
        self._calls.generators.take()

    def read(self, path: Path) -> None:
        """Write that a data file was read, or all files of a folder."""
        for each in [path] if path.is_file() else sorted(path.rglob("*")):
            if each.is_file():
                self._calls.readers(str(each))

    def own(self, path: Path) -> None:
        """Write that a file is the tracker's own, and no result of the program."""
        self._calls.trace.write("own", path=str(path.absolute()))

    def aside(self) -> AbstractContextManager[None]:
        """Observe neither files nor calls of this thread for a while."""
        return self._calls.aside()

    @contextmanager
    def step(self, label: str) -> Iterator[None]:
        """Write a part of the program as a step: the generators that it drew from."""
        step = self._calls.begin(self._site(), readable(label), dict)
        try:
            yield
        except BaseException as error:
            if step is not None:
                step.raised(error)
            raise
        if step is not None:
            self._calls.finish(step, None)

    def end(self) -> None:
        """Write the code that is loaded, and close a trace of its own."""
        for module in [*sys.modules.values()]:
            file = getattr(module, "__file__", None)
            if isinstance(file, str) and self._calls.places.code(file) is not None:
                self._calls.trace.write("code", path=str(Path(file).absolute()))
        self._calls.write_series()
        if not self.is_recorded:
            self._calls.trace.write("end", modules=loaded_modules())

    def remove(self) -> None:
        """Remove a trace of its own."""
        if self._lock is not None:
            self._lock.close()
        if self._place is not None:
            shutil.rmtree(self._place, ignore_errors=True)

    def _site(self) -> tuple[str, int]:
        site: Any = self._calls.places.site()
        if site is None:
            return _ELSEWHERE
        file, _, line = site.rpartition(":")
        return file, int(line)


_GENERATORS = {"python": "random", "numpy": "numpy.random", "torch": "torch"}
