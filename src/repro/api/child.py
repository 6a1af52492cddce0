"""One call in a process of its own: ``python -m repro.api.child NAME CALL``.

The call is JSON, and an argument: the process restarts itself with the same arguments where its
level is not in force. It writes lines of JSON: what begins, and at the end the answer or the error.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import IO, TYPE_CHECKING, NoReturn

from repro.api.answering import answer_train, answer_verify
from repro.api.calls import TrainCall, VerifyCall
from repro.api.children import described
from repro.core.errors import ExitCode, ReproError
from repro.core.garbage import collect_seldom
from repro.launch import ensure

if TYPE_CHECKING:
    from collections.abc import Callable

    from repro.core.model import Record
    from repro.launch import Level

_ANSWERS: dict[str, tuple[type[Record], Callable[..., Record]]] = {
    "train": (TrainCall, answer_train),
    "verify": (VerifyCall, answer_verify),
}


class Lines:
    """The lines of JSON that the process writes, which is an observer of a training too."""

    def __init__(self) -> None:
        self._out: IO[bytes] = sys.stdout.buffer
        self._stage = ""

    def enter(self, level: Level) -> None:
        """Be at a level, and keep the lines apart from what libraries print from then on."""
        # First of all: it may start this program again, which needs its standard output.
        ensure(level)
        collect_seldom()
        self._out = os.fdopen(os.dup(1), "wb")
        # Some libraries print past Python: only lines may come out where they are read.
        os.dup2(2, 1)

    def write(self, name: str, value: object) -> None:
        """Write one line."""
        self._out.write(json.dumps({name: value}).encode() + b"\n")
        self._out.flush()

    def preparing(self, what: str) -> None:
        """Write what begins before the first stage or after the last one."""
        self.write("progress", what)

    def stage_started(self, name: str, position: int, total: int) -> None:
        """Write which stage begins."""
        self._stage = f"[{position}/{total}] {name}"
        self.write("progress", self._stage)

    def task_started(self, label: str, position: int, total: int) -> None:
        """Write which task of the stage is running."""
        self.write("progress", f"{self._stage}: {label} ({position}/{total})")


def main(name: str, call: str) -> int:
    """Answer a call; an error is an answer too."""
    for each in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, each):
            signal.signal(getattr(signal, each), _interrupted)
    kind, answer = _ANSWERS[name]
    lines = Lines()
    try:
        found = answer(kind.model_validate_json(call), lines)
        lines.write("answer", found.model_dump(mode="json", by_alias=True))
    except ReproError as error:
        lines.write("error", described(error))
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    return 0


def _interrupted(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
