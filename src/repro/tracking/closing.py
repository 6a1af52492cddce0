"""The end of a tracked experiment: its own record, or its part in that of a command."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from repro.app.itself import OwnRun
from repro.execution.recording import OwnTrace

if TYPE_CHECKING:
    from pathlib import Path

    from repro.tracking.config import TrackingConfig
    from repro.tracking.journal import Journal


class Closing:
    """Observes what the record needs from the start, and writes it at the end.

    Parameters
    ----------
    config : TrackingConfig
    journal : Journal
    """

    def __init__(self, config: TrackingConfig, journal: Journal) -> None:
        self._journal = journal
        self._run: OwnRun | None = None
        if not journal.is_recorded:
            own = OwnTrace(config.experiment_name, journal.folder, journal.trace, command_line())
            self._run = OwnRun(
                own,
                config.output_dir.resolve(),
                git=config.enable_git_tracking,
                packages=config.capture_pip_freeze,
            )

    def close(self, status: int) -> Path | None:
        """Write the record and return its folder; None where it is that of ``repro record``."""
        self._journal.end()
        try:
            return None if self._run is None else self._run.write(status)
        finally:
            self._journal.remove()

    def cancel(self) -> None:
        """Give up without a record."""
        if self._run is not None:
            self._run.cancel()
        self._journal.remove()


def command_line() -> tuple[str, ...]:
    """Return the command line of this Python; empty where the program came by other ways."""
    words = list(getattr(sys, "orig_argv", ()))
    interactive = hasattr(sys, "ps1") or sys.flags.interactive or "ipykernel" in sys.modules
    options = [word for word in words[1:] if word != "-"]
    is_worker = "--multiprocessing-fork" in words
    if interactive or is_worker or not options or len(options) != len(words) - 1:
        return ()
    return (sys.executable, *words[1:])
