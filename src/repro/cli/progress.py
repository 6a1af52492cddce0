"""Progress of a training: one moving line on a terminal, few plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import time

import click

from repro.cli.cells import cell
from repro.launch.restart import EARLY, GUARD

# Seconds between the lines of a stage's tasks where they stay.
_SELDOM = 2.0
# What begins at once, before anything else is known.
_FIRST = {
    "verify": "reading the record, to train again from it: importing the libraries",
    "train": "importing the libraries",
}


class Quiet:
    """Says nothing."""

    def preparing(self, what: str) -> None:
        """Ignore it."""

    def stage_started(self, name: str, position: int, total: int) -> None:
        """Ignore it."""

    def task_started(self, label: str, position: int, total: int) -> None:
        """Ignore it."""

    def finish(self) -> None:
        """Ignore it."""


class Progress:
    """Shows on standard error what is running, from the moment it is created."""

    def __init__(self) -> None:
        self._moving = sys.stderr.isatty()
        self._stage, self._width = "", 0
        self._started = self._last = time.perf_counter()
        context = click.get_current_context(silent=True)
        name = context.info_name if context else None
        if context:
            # An error has the line to itself.
            context.call_on_close(self.finish)
        # Python restarts once, to fix the level, and what was said then still stands. Nothing was
        # said before an early restart.
        if self._moving or GUARD not in os.environ or EARLY in os.environ:
            self.preparing(_FIRST.get(name or "", "importing the libraries"))

    def preparing(self, what: str) -> None:
        """Show what begins before the first stage or after the last one."""
        self._print(what, done=False)

    def stage_started(self, name: str, position: int, total: int) -> None:
        """Show that a stage begins."""
        self._stage = f"[{position:2}/{total}] {name}"
        self._print(self._stage, done=position == total)

    def task_started(self, label: str, position: int, total: int) -> None:
        """Show which task of the stage is running, but not too often."""
        if self._moving or time.perf_counter() - self._last >= _SELDOM:
            self._print(f"{self._stage}: {label} ({position}/{total})", done=False)

    def finish(self) -> None:
        """Leave the line to what comes next."""
        if self._width:
            click.echo(f"\r{' ' * self._width}\r", err=True, nl=False)
            self._width = 0

    def _print(self, text: str, *, done: bool) -> None:
        self._last = time.perf_counter()
        line = f"{self._last - self._started:6.1f} s  {cell(text)}"
        if self._moving:
            # Padded, not erased: no terminal is too plain for it, and no colour is involved.
            click.echo(f"\r{line.ljust(self._width)}", err=True, nl=done)
            self._width = 0 if done else len(line)
        else:
            click.echo(line, err=True)
