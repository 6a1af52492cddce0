"""The subject of an examination, and the form of its findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.app.answers import Status
from repro.execution.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from repro.launch import Level


@dataclass(frozen=True)
class Observation:
    """One thing that was examined.

    Attributes
    ----------
    name : str
    status : Status
    found : str
        What there is.
    why : str
        Why it matters to a result; empty where nothing is amiss.
    advice : str
        What to do about it; empty where nothing is to be done.
    """

    name: str
    status: Status
    found: str
    why: str = ""
    advice: str = ""


@dataclass(frozen=True)
class Death:
    """The reason why a child gave no answer, as the end of a sentence that begins with it."""

    cause: str


@dataclass(frozen=True)
class Case:
    """Everything that the checks look at.

    Attributes
    ----------
    level : Level
    environ : Mapping of str to str
        The environment as the caller gave it.
    own : Probe or Death
        A process that was started as the caller starts Python.
    pinned : Probe or Death or None
        A process that was started at the level; None if the processor cannot run it.
    project : Path or None
    """

    level: Level
    environ: Mapping[str, str]
    own: Probe | Death
    pinned: Probe | Death | None
    project: Path | None

    @property
    def fixed(self) -> Status:
        """The status of a thing that varies on its own, and that every level but seeded fixes."""
        return Status.CONTROLLED if self.level.keeps_out else Status.WARNING

    @property
    def alive(self) -> tuple[Probe, ...]:
        """The processes that answered, the pinned one first."""
        return tuple(each for each in (self.pinned, self.own) if isinstance(each, Probe))
