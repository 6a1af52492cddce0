"""Trainings with some differences removed, as many as are allowed."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pydantic import ValidationError

from repro.app.explain.debian import train_in
from repro.app.explain.no_divergence import has_same_outputs_at
from repro.config.experiment import ExperimentConfig
from repro.core.errors import ReproError
from repro.core.explanation import Counterfactual
from repro.divergence.compare import outputs_of
from repro.divergence.suspicion import recorded_differences
from repro.execution.places import Child, Silent, recipe_of
from repro.launch import Level, lacking, pinned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from repro.app.explain.interventions import Intervention
    from repro.app.explain.packages import Throwaway
    from repro.app.subjects.recorded import Recorded
    from repro.core.record import AnyRecord, RunRecord
    from repro.core.verdict import Divergence, Suspect

# What pydantic puts before the sentence of a rule over several keys.
_RULE = "Value error, "


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

    project: Path
    subject: Recorded
    against: Recorded | None
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

    def train(self, causes: Sequence[str], intervention: Intervention) -> RunRecord | None:
        """Train with some differences removed; None if that did not finish."""
        started = time.perf_counter()
        config = self._configured(intervention)
        if isinstance(config, str):
            # Nothing is trained, so that nothing of what is allowed is spent.
            record, failure = None, config
        else:
            self._announce(causes)
            record, failure = self._executed(config, intervention)
        there = outputs_of(self.expected.stages)
        here = outputs_of(record.stages) if record else {}
        self.made.append(
            Counterfactual(
                causes=(*causes, *self._moved(causes, record, intervention)),
                settings=intervention.settings,
                sections=intervention.sections,
                packages=intervention.packages,
                agreeing=sum(here.get(name) == digest for name, digest in there.items()),
                outputs=len(there),
                confirms=record is not None and self._confirms(record),
                seconds=round(time.perf_counter() - started, 3),
                failure=failure,
                release=intervention.release.suite if intervention.release else None,
            )
        )
        return record

    def _executed(
        self, config: ExperimentConfig, intervention: Intervention
    ) -> tuple[RunRecord | None, str]:
        try:
            if intervention.release:
                # The tree has no other variables.
                variables = self._environ(intervention, {})
                return train_in(self.project, intervention.release, config, variables), ""
            place = Child(self._environ(intervention, os.environ))
            return place.execute(self.project, recipe_of(config), Silent()).record, ""
        except ReproError as error:
            return None, error.message

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

    @property
    def base(self) -> ExperimentConfig:
        """The configuration that is trained, with other sections where these are tried."""
        return (self.against or self.subject).config

    def _configured(self, intervention: Intervention) -> ExperimentConfig | str:
        """Return the configuration with other sections, or why they do not go together."""
        given = self.base.model_dump(mode="json", by_alias=True) | intervention.sections
        try:
            return ExperimentConfig.model_validate_json(json.dumps(given))
        except ValidationError as error:
            problems = [
                f"{'.'.join(map(str, detail['loc']))} {detail['msg'].removeprefix(_RULE)}"
                for detail in error.errors(include_url=False)
            ]
            return " ".join(f"cannot be configured: {'; '.join(problems)}".split())

    def _announce(self, causes: Sequence[str]) -> None:
        if not causes:
            self.effort.notify("the first training")
            return
        self.spent += 1
        what = " and ".join(causes)
        self.effort.notify(f"training {self.spent} of at most {self.effort.runs}: {what}")

    def _environ(self, intervention: Intervention, inherited: Mapping[str, str]) -> dict[str, str]:
        recorded = Level(self.base.determinism.level)
        environ = pinned(Level.STRICT if lacking(recorded) else recorded, inherited)
        for name, value in (self.start | intervention).settings.items():
            environ.pop(name, None)
            if value is not None:
                environ[name] = value
        if self.throwaway and intervention.packages:
            environ["PYTHONPATH"] = self.throwaway.path(intervention.packages, environ)
        return environ

    def _confirms(self, record: AnyRecord) -> bool:
        diverged = self.divergence
        return diverged is not None and has_same_outputs_at(diverged.stage, record, self.expected)
