"""Examples of every reader, each within its time and memory; what is found is kept in a file."""

from __future__ import annotations

import contextlib
import re
import signal
import sys
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import hypothesis
from hypothesis import HealthCheck, Phase, given

from repro.core.errors import ReproError
from tests.conftest import ROOT
from tests.fuzz.damage import damaged
from tests.fuzz.world import FindError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType

    from tests.fuzz.readers import Reader

FOLDER = ROOT / "build" / "fuzz"
# Beyond what the process had before an example, and of its own processor time; the largest files
# are read by several doors, on a machine that may have other work.
MEMORY, SECONDS, LARGEST_SECONDS = 512 << 20, 20, 120
_KB = 1024


class TooSlow(BaseException):
    """An example that takes too long; nothing on the way catches it."""


@dataclass
class Campaign:
    """What became of the examples.

    Attributes
    ----------
    finds : dict of str to str
        Where each find was raised, and the file that holds what raises it.
    peak : int
        The most memory that one example took, in bytes.
    """

    seed: int
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    finds: dict[str, str] = field(default_factory=dict)
    peak: int = 0

    def round(self, readers: Iterable[Reader], examples: int, number: int) -> None:
        """Give each reader a number of examples: half of them damaged bytes, half other values."""
        for reader in readers:
            draw = Random(f"{self.seed} {number} {reader.name}")
            for _ in range(examples // 2 if reader.trees is not None else examples):
                base = draw.choice(reader.bases)
                self.attempt(reader, damaged(base, draw, reader.bases, reader.tokens))
            if reader.trees is not None:
                self._values(reader, examples - examples // 2, draw.randrange(2**32))

    def _values(self, reader: Reader, examples: int, seed: int) -> None:
        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=examples,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
            report_multiple_bugs=False,
            print_blob=False,
        )
        @given(reader.trees)
        def run(content: bytes) -> None:
            self.examine(reader, content)

        try:
            run()
        except (Exception, TooSlow) as error:  # noqa: BLE001 - whatever it is, it is a find
            self._keep(reader, error)

    def attempt(self, reader: Reader, content: bytes, seconds: int = SECONDS) -> None:
        """Read an example, and keep what is found."""
        try:
            self.examine(reader, content, seconds)
        except (Exception, TooSlow) as error:  # noqa: BLE001 - whatever it is, it is a find
            self._keep(reader, error)

    def examine(self, reader: Reader, content: bytes, seconds: int = SECONDS) -> None:
        """Read an example; raise what must not be, unless it is known."""
        counts = self.outcomes.setdefault(reader.name, Counter())
        try:
            with _Limits(seconds) as limits:
                counts[_outcome(reader, content)] += 1
        except (Exception, TooSlow) as error:
            counts["FOUND"] += 1
            if _place(reader, error) in self.finds:
                return
            _write(reader, content)
            raise
        finally:
            self.peak = max(self.peak, limits.grown)

    def _keep(self, reader: Reader, error: BaseException) -> None:
        place = _place(reader, error)
        file = _last(reader)
        name = re.sub(r"[^a-z0-9.]+", "-", f"{reader.name}-{len(self.finds)}".lower())
        kept = FOLDER / f"{name}.input"
        if file.exists():
            file.replace(kept)
        self.finds[place] = kept.name
        print(f"FOUND {place}\n  {kept}", file=sys.stderr)
        traceback.print_exception(error, limit=-6)


def _outcome(reader: Reader, content: bytes) -> str:
    try:
        return reader.read(content)
    except ReproError as error:
        return type(error).__name__


def _last(reader: Reader) -> Path:
    return FOLDER / f"{re.sub('[^a-z0-9.]+', '-', reader.name)}.last"


def _write(reader: Reader, content: bytes) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    _last(reader).write_bytes(content)


def _place(reader: Reader, error: BaseException) -> str:
    """Name a find by what was raised where: the nearest line of the product, or the property."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "/src/repro/" in f.filename.replace("\\", "/")]
    where = f"{own[-1].filename.rpartition('repro/')[2]}:{own[-1].lineno}" if own else ""
    what = re.sub(r"\d+", "N", str(error))[:80] if isinstance(error, FindError) else ""
    return f"{reader.name}: {type(error).__name__} {where} {what}".strip()


class _Limits:
    """Measures the memory of an example, and ends one that takes too long."""

    def __init__(self, seconds: int) -> None:
        self.seconds, self.grown = seconds, 0

    def __enter__(self) -> _Limits:
        _reset_peak()
        self._before = _memory("VmRSS")
        signal.signal(signal.SIGPROF, _too_slow)
        signal.setitimer(signal.ITIMER_PROF, self.seconds)
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        self.grown = max(0, _memory("VmHWM") - self._before)
        if kind is None and self.grown > MEMORY:
            raise FindError(f"takes more memory than {MEMORY >> 20} MB: {self.grown >> 20}")


def _too_slow(_number: int, _frame: FrameType | None) -> None:
    raise TooSlow("takes more processor time than an example may")


def _reset_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_bytes(b"5")


def _memory(name: str) -> int:
    """Return a figure of this process in bytes; 0 where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    return int(found[1]) * _KB if found else 0
