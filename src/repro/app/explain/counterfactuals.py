"""Trainings with some differences removed, as many as are allowed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from repro.app.explain.no_divergence import has_same_outputs_at
from repro.core.errors import ReproError
from repro.core.explanation import Counterfactual
from repro.divergence.outputs import outputs_of
from repro.divergence.suspicion import recorded_differences

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from repro.app.explain.interventions import Intervention
    from repro.app.explain.packages import Throwaway
    from repro.app.explain.programs import Program
    from repro.app.subjects.recorded import Named
    from repro.core.record import AnyRecord, RunRecord
    from repro.core.verdict import Divergence, Suspect


@dataclass(frozen=True)
class Effort:
    """The effort allowed for an explanation.

    Attributes
    ----------
    runs : int
        How many trainings are allowed beside the first one.
    packages : bool
        Whether other versions of packages are fetched and tried.
    notify : callable
        Called before everything that takes time, for people who wait.
    """

    runs: int
    packages: bool
    notify: Callable[[str], None]


@dataclass
class Counterfactuals:
    """The trainings so far, and how many more are allowed.

    Attributes
    ----------
    program : Program
    subject : Named
        Whose bits are wanted.
    against : Named, optional
        Whose settings the first training has, and whose configuration it trains.
    start : Intervention
        What every one of them does otherwise.
    divergence : Divergence, optional
        The divergence of the first one from the record; a later one without it confirms.
    actual : record, optional
        That first one.
    suspects : sequence of Suspect
        The differences that can act.
    throwaway : Throwaway, optional
        Other versions of packages, where they may be fetched.
    """

    program: Program
    subject: Named
    against: Named | None
    effort: Effort
    start: Intervention
    divergence: Divergence | None = None
    actual: AnyRecord | None = None
    suspects: Sequence[Suspect] = ()
    throwaway: Throwaway | None = None
    made: list[Counterfactual] = field(default_factory=list)
    spent: int = 0

    @property
    def expected(self) -> AnyRecord:
        """The record whose bits are wanted."""
        return self.subject.record

    @property
    def exhausted(self) -> bool:
        """True if no more trainings are allowed."""
        return self.spent >= self.effort.runs

    def confirmed_by(self, interventions: Mapping[str, Intervention]) -> bool:
        """Return whether removing these differences brings the other side's bits."""
        if self.exhausted:
            return False
        self.train(tuple(interventions), reduce(or_, interventions.values()))
        return self.made[-1].confirms

    def train(
        self, causes: Sequence[str], intervention: Intervention, like: AnyRecord | None = None
    ) -> RunRecord | None:
        """Train with some differences removed; None if that did not finish.

        Parameters
        ----------
        like : record, optional
            Whose bits are looked for, in place of the subject's.
        """
        started = time.perf_counter()
        record, failure = None, self.program.conflict(intervention)
        # Where nothing is trained, nothing of what is allowed is spent.
        if not failure:
            self._announce(causes)
            try:
                record = self.program.train(self.start | intervention, self.throwaway)
            except ReproError as error:
                failure = error.message
        wanted = like or self.expected
        there = outputs_of(wanted.stages)
        here = outputs_of(record.stages) if record else {}
        self.made.append(
            Counterfactual(
                causes=(*causes, *self._moved(causes, record, intervention)),
                settings=intervention.settings,
                sections=intervention.sections,
                packages=intervention.packages,
                agreeing=sum(here.get(name) == digest for name, digest in there.items()),
                outputs=len(there),
                confirms=record is not None and self._confirms(record, wanted),
                seconds=round(time.perf_counter() - started, 3),
                failure=failure,
                release=intervention.release.suite if intervention.release else None,
                seeds=intervention.seeds or None,
                repeats=True if like else None,
            )
        )
        return record

    def _moved(
        self, causes: Sequence[str], record: RunRecord | None, intervention: Intervention
    ) -> tuple[str, ...]:
        """Return the other suspected causes that a tree changes too, such as its Python.

        No training separates them from the cause that the tree is for.
        """
        if not (intervention.release and record and self.actual):
            return ()
        found = recorded_differences(self.actual, record)
        # A tree has no git, and yet the commit of the project.
        changed = {key for key in found if not key.startswith("git.")}
        moved = [suspect.cause for suspect in self.suspects if changed & suspect.differences.keys()]
        return tuple(cause for cause in moved if cause not in causes)

    def _announce(self, causes: Sequence[str]) -> None:
        if not causes:
            self.effort.notify("the first training")
            return
        self.spent += 1
        what = " and ".join(causes)
        self.effort.notify(f"training {self.spent} of at most {self.effort.runs}: {what}")

    def _confirms(self, record: AnyRecord, wanted: AnyRecord) -> bool:
        diverged = self.divergence
        return diverged is not None and has_same_outputs_at(diverged.stage, record, wanted)
