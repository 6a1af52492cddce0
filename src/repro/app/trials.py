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

from repro.app.agreement import same_at
from repro.app.children import retrain
from repro.config.experiment import ExperimentConfig
from repro.core.explanation import Trial
from repro.divergence.compare import outputs_of
from repro.launch import Level, lacking, pinned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from repro.app.recorded import Recorded
    from repro.app.throwaway import Throwaway
    from repro.app.ways import Way
    from repro.core.records import RecordFile
    from repro.core.verdict import Divergence

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
    tell : callable
        Called before everything that takes time, for people who wait.
    """

    runs: int
    packages: bool
    tell: Callable[[str], None]


@dataclass
class Trials:
    """The trainings so far, and how many more are allowed.

    Attributes
    ----------
    start : Way
        What every one of them does otherwise.
    divergence : Divergence, optional
        The divergence of the first one from the record; a later one without it confirms.
    throwaway : Throwaway, optional
        Other versions of packages, where they may be fetched.
    """

    project: Path
    subject: Recorded
    against: Recorded | None
    effort: Effort
    start: Way
    divergence: Divergence | None = None
    throwaway: Throwaway | None = None
    made: list[Trial] = field(default_factory=list)
    spent: int = 0

    @property
    def expected(self) -> RecordFile:
        """The record whose bits are wanted."""
        return self.subject.record

    @property
    def exhausted(self) -> bool:
        """True if no more trainings are allowed."""
        return self.spent >= self.effort.runs

    def confirmed_by(self, ways: Mapping[str, Way]) -> bool:
        """Return whether removing these differences brings the other side's bits."""
        if self.exhausted:
            return False
        self.train(tuple(ways), reduce(or_, ways.values()))
        return self.made[-1].confirms

    def train(self, causes: Sequence[str], way: Way) -> RecordFile | None:
        """Train with some differences removed; None if that did not finish."""
        started = time.perf_counter()
        config = self._configured(way)
        if isinstance(config, str):
            # Nothing is trained, so that nothing of what is allowed is spent.
            record, failure = None, config
        else:
            self._announce(causes)
            record, failure = retrain(self.project, config, self._environ(way))
        there = outputs_of(self.expected.stages)
        here = outputs_of(record.stages) if record else {}
        self.made.append(
            Trial(
                causes=tuple(causes),
                settings=way.settings,
                sections=way.sections,
                packages=way.packages,
                agreeing=sum(here.get(name) == digest for name, digest in there.items()),
                outputs=len(there),
                confirms=record is not None and self._confirms(record),
                seconds=round(time.perf_counter() - started, 3),
                failure=failure,
            )
        )
        return record

    @property
    def _base(self) -> ExperimentConfig:
        return (self.against or self.subject).config

    def _configured(self, way: Way) -> ExperimentConfig | str:
        """Return the configuration with other sections, or why they do not go together."""
        given = self._base.model_dump(mode="json", by_alias=True) | way.sections
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
            self.effort.tell("the first training")
            return
        self.spent += 1
        what = " and ".join(causes)
        self.effort.tell(f"training {self.spent} of at most {self.effort.runs}: {what}")

    def _environ(self, way: Way) -> dict[str, str]:
        recorded = Level(self._base.determinism.level)
        environ = pinned(Level.STRICT if lacking(recorded) else recorded, os.environ)
        for name, value in (self.start | way).settings.items():
            environ.pop(name, None)
            if value is not None:
                environ[name] = value
        if self.throwaway and way.packages:
            environ["PYTHONPATH"] = self.throwaway.path(way.packages, environ)
        return environ

    def _confirms(self, record: RecordFile) -> bool:
        parted = self.divergence
        return parted is not None and same_at(parted.stage, record, self.expected)
