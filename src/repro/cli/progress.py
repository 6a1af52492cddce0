"""Progress of a training: one moving line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time

import click


class Quiet:
    """Says nothing."""

    def stage_started(self, name: str, position: int, total: int) -> None:
        """Ignore it."""

    def task_finished(self, label: str, position: int, total: int) -> None:
        """Ignore it."""


class Progress:
    """Tells stages and tasks on standard error."""

    def __init__(self) -> None:
        self._moving = sys.stderr.isatty()
        self._stage = ""
        self._started = time.perf_counter()

    def stage_started(self, name: str, position: int, total: int) -> None:
        """Tell that a stage begins."""
        self._stage = f"[{position:2}/{total}] {name}"
        self._tell(self._stage, done=position == total)

    def task_finished(self, label: str, position: int, total: int) -> None:
        """Tell that a task of the stage is done."""
        self._tell(f"{self._stage}: {label} ({position}/{total})", done=False)

    def _tell(self, text: str, *, done: bool) -> None:
        line = f"{time.perf_counter() - self._started:6.1f} s  {text}"
        if self._moving:
            click.echo(f"\r\x1b[2K{line}", err=True, nl=done)
        else:
            click.echo(line, err=True)
