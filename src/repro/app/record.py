"""The use case ``record``: run any command once and write the evidence as a run folder."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from repro.core.record import CommandRecipe
from repro.execution.recording import (
    Performance,
    Sealing,
    Selection,
    perform,
    portable,
    state_of,
)
from repro.store import check_writable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from repro.core.record import RunRecord


_SOURCES = (".py", ".ipynb", ".sh", ".pyx", ".so", ".pyd")


@dataclass(frozen=True)
class RecordRequest:
    """A command to record, and where and how.

    Attributes
    ----------
    words : sequence of str
        The command.
    folder : Path
        Its working folder.
    base : Path
        The project's folder, if any; the working folder is recorded relative to it.
    runs : Path
        Folder of the runs.
    level : str
    name : str or None
        Name of the record; None derives it from the command.
    inputs : sequence of Path
        Files, or folders with all their files, that the command reads without being observed.
    outputs : sequence of str
        Patterns of the files that are results; without patterns, all written files are.
    sealed : bool
        Whether the command may read only its sources and ``inputs``, and reach no network.
    """

    words: Sequence[str]
    folder: Path
    base: Path
    runs: Path
    level: str
    name: str | None = None
    inputs: Sequence[Path] = ()
    outputs: Sequence[str] = ()
    sealed: bool = False


@dataclass(frozen=True)
class RecordedRun:
    """A run folder of a command that was just written."""

    path: Path
    run_id: str
    record: RunRecord
    seconds: float


def record(request: RecordRequest, out: Callable[[bytes], object]) -> RecordedRun:
    """Run a command and write the run folder, whatever the command's exit status.

    Parameters
    ----------
    out : callable
        Receives blocks of the command's standard output as they are written.

    Raises
    ------
    PreconditionError
        If the runs folder cannot be written, before anything is run; or as ``perform``.
    """
    check_writable(request.runs)
    words = portable(request.words)
    workdir = PurePath(os.path.relpath(request.folder, request.base)).as_posix()
    recipe = CommandRecipe(
        kind="command", argv=tuple(words), workdir=workdir, environ={}, level=request.level
    )
    how = Performance(
        request.name or name_of(words),
        request.folder,
        request.runs,
        out,
        Selection(request.inputs, request.outputs),
        sealing=Sealing(tuple(_readable(request))) if request.sealed else None,
        meanwhile=_prepare_to_write,
    )
    started, clock = datetime.now(UTC), time.perf_counter()
    made = perform(recipe, how)
    seconds = round(time.perf_counter() - clock, 3)
    from repro.app.subjects.written import write_command_run  # noqa: PLC0415 - as below

    path = write_command_run(made, request.runs, started, seconds)
    return RecordedRun(path, path.name, made, seconds)


def _prepare_to_write() -> None:
    """Import what writes a run, and load its templates, which together take a third of a second."""
    from repro.app.subjects import written  # noqa: F401, PLC0415 - while the command runs
    from repro.report.command import prepare  # noqa: PLC0415 - as above

    prepare()


def _readable(request: RecordRequest) -> Iterator[Path]:
    """Yield the files that a sealed command may read: its sources and declared inputs."""
    yield from (path.absolute() for path in request.inputs)
    for name in state_of(request.folder, request.runs):
        if name.endswith(_SOURCES):
            yield request.folder / name


def name_of(words: Sequence[str]) -> str:
    """Return the name of a command: its script, its module, or else its program.

    Examples
    --------
    >>> name_of(["python", "-u", "src/train.py", "--seed", "3"])
    'train'
    >>> name_of(["python", "-m", "package.train"]), name_of(["make", "all"])
    ('package.train', 'make')
    """
    script = next((word for word in words if word.endswith((".py", ".sh", ".ipynb"))), None)
    if script is not None:
        return Path(script).stem
    if "-m" in words[:-1]:
        return words[words.index("-m") + 1]
    return Path(words[0]).name
