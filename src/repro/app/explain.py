"""The use case ``explain``: train here under the other side's settings, until its bits appear.

A difference of two records is only suspected of a divergence. It is *confirmed* where a training
here, with that difference taken away, has the other side's digests at the stage at which the two
parted. Each is first taken away alone, versions of packages all at once; where that does not help,
all of them together. What helps is then cut down: those that are not needed are put back, one by
one.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from repro.app.children import retrain
from repro.app.configuration import parse_config
from repro.app.throwaway import Throwaway
from repro.app.ways import Way, possible_causes, settings_of, unable, way_of, why_not
from repro.core.errors import PreconditionError, SchemaError
from repro.core.explanation import Explanation, Trial
from repro.divergence.compare import first_divergence
from repro.launch import Level, lacking, pinned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from repro.app.recorded import Recorded
    from repro.core.comparison import Suspect
    from repro.core.records import RecordFile
    from repro.core.verdict import Divergence

Ways = dict[str, Way]


@dataclass(frozen=True)
class Effort:
    """What may be done for an explanation.

    Attributes
    ----------
    runs : int
        How many trainings are allowed beside the first one.
    packages : bool
        Whether other versions of packages are fetched and tried.
    tell : callable
        Is told of everything that takes time before it begins, for people who wait.
    """

    runs: int
    packages: bool
    tell: Callable[[str], None]


@dataclass
class _Search:
    """Trainings here, and how many more of them are allowed."""

    project: Path
    subject: Recorded
    against: Recorded | None
    effort: Effort
    start: Way
    divergence: Divergence | None = None
    throwaway: Throwaway | None = None
    trials: list[Trial] = field(default_factory=list)

    @property
    def expected(self) -> RecordFile:
        return self.subject.record

    @property
    def base(self) -> Recorded:
        return self.against or self.subject

    @property
    def exhausted(self) -> bool:
        return len(self.trials) > self.effort.runs

    def train(self, causes: Sequence[str], way: Way) -> RecordFile | None:
        """Train with some things done otherwise; None where that came to no end."""
        what = " and ".join(causes) or "what all others are held against"
        self.effort.tell(f"training {len(self.trials)} of at most {self.effort.runs}: {what}")
        started = time.perf_counter()
        record, failure = self._retrain(way)
        pairs = _outputs(self.expected, record) if record else []
        self.trials.append(
            Trial(
                causes=tuple(causes),
                settings=way.settings,
                sections=way.sections,
                packages=way.packages,
                agreeing=sum(left == right for left, right in pairs),
                outputs=len(pairs),
                confirms=record is not None and self._confirms(record),
                seconds=round(time.perf_counter() - started, 3),
                failure=failure,
            )
        )
        return record

    def _retrain(self, way: Way) -> tuple[RecordFile | None, str]:
        given = self.base.config.model_dump(mode="json", by_alias=True) | way.sections
        recorded = Level(self.base.config.determinism.level)
        environ = pinned(Level.STRICT if lacking(recorded) else recorded, os.environ)
        for name, value in (self.start | way).settings.items():
            environ.pop(name, None)
            if value is not None:
                environ[name] = value
        if self.throwaway and way.packages:
            environ["PYTHONPATH"] = self.throwaway.path(way.packages, environ)
        try:
            config = parse_config(given, self.base.name)
        except SchemaError as error:
            # Sections of two configurations need not go together.
            return None, error.message
        return retrain(self.project, config, environ)

    def confirmed_by(self, ways: Ways) -> bool:
        """Tell whether taking these differences away brings the other side's bits."""
        if self.exhausted:
            return False
        self.train(tuple(ways), reduce(or_, ways.values()))
        return self.trials[-1].confirms

    def _confirms(self, record: RecordFile) -> bool:
        if self.divergence is None:
            return False
        name = self.divergence.stage
        return _of(record, name) == _of(self.expected, name)


def explain(
    project: Path, subject: Recorded, against: Recorded | None, effort: Effort
) -> Explanation:
    """Find out why a record and a training here part.

    Parameters
    ----------
    against : Recorded, optional
        Whose configuration the training here has, and whose settings where they are not those of
        the subject; without it, the training has the subject's configuration.

    Raises
    ------
    PreconditionError
        If the first training comes to no end.
    """
    expected = subject.record
    start = Way(settings_of(against.record, expected) if against else {})
    search = _Search(project, subject, against, effort, start)
    if against and first_divergence(expected.stages, against.record.stages) is None:
        sentence = f"nothing to explain: every stage output of {against.name} has the same bits"
        return _report(search, sentence, explained=True)
    actual = search.train((), start)
    if actual is None:
        raise PreconditionError(
            f"training here came to no end: {search.trials[0].failure}",
            advice="repro doctor tells what is wrong here",
        )
    parted = first_divergence(expected.stages, actual.stages)
    if parted is None:
        sentence = "nothing to explain: every stage output has the record's bits here"
        if against is None:
            return _report(search, sentence, explained=True)
        sentence = (
            f"not explained: a training here by the configuration of {against.name} has the bits of"
            f" {subject.name}, and not its own; explain {against.name} by itself"
        )
        return _report(search, sentence, explained=False)
    search.divergence = parted
    causes = possible_causes(expected, actual, parted)
    if not causes and parted.inputs:
        sentence = f"'{parted.stage}' parts because its input differs: {', '.join(parted.inputs)}"
        return _report(search, sentence, explained=True)
    return _sought(search, actual, causes)


def _sought(search: _Search, actual: RecordFile, causes: Sequence[Suspect]) -> Explanation:
    with ExitStack() as stack:
        if search.effort.packages:
            folder = stack.enter_context(TemporaryDirectory(prefix="repro-packages-"))
            recorded, installed = search.expected.environment, actual.environment
            search.throwaway = Throwaway(
                Path(folder), recorded.packages, installed.packages, search.effort.tell
            )
        ways, untried = _ways(search, actual, causes)
        confirmed = _smallest(search, ways)
    # With every output explained nothing is left to suspect.
    whole = any(trial.confirms and trial.agreeing == trial.outputs for trial in search.trials)
    rest = () if whole else tuple(s for s in causes if s.cause not in confirmed)
    tried = {cause for trial in search.trials for cause in trial.causes}
    spent = f"no more trainings were allowed (--max-runs {search.effort.runs})"
    idle = spent if search.exhausted else "what parts first is explained without it"
    untried |= dict.fromkeys(ways.keys() - tried, idle)
    # Such as a data set that is not here any more: nothing was learned of the cause.
    untried |= {t.causes[0]: t.failure for t in search.trials if t.failure and len(t.causes) == 1}
    sentence = _sentence(search, confirmed, rest)
    other = search.against
    if other and not _same_there(actual, other.record, search):
        sentence += f"; the training here does not have the bits of {other.name} there"
    return _report(
        search,
        sentence,
        explained=bool(confirmed),
        confirmed=tuple(confirmed),
        suspected=rest,
        untried={s.cause: untried[s.cause] for s in rest if s.cause in untried},
    )


def _report(
    search: _Search,
    sentence: str,
    *,
    explained: bool,
    confirmed: tuple[str, ...] = (),
    suspected: tuple[Suspect, ...] = (),
    untried: Mapping[str, str] | None = None,
) -> Explanation:
    return Explanation(
        schema_="repro.explanation/v1",
        subject=search.subject.name,
        against=search.against.name if search.against else "",
        sentence=sentence,
        explained=explained,
        divergence=search.divergence,
        confirmed=confirmed,
        suspected=suspected,
        untried=dict(untried or {}),
        trials=tuple(search.trials),
    )


def _ways(
    search: _Search, actual: RecordFile, causes: Sequence[Suspect]
) -> tuple[Ways, dict[str, str]]:
    """Return what can be tried for each cause, and why nothing can for the others."""
    ways: Ways = {}
    untried = {}
    found = [(suspect, way_of(suspect, search.expected, actual)) for suspect in causes]
    apart = {name for _, way in found for name in way.packages}
    for suspect, way in found:
        reason = unable(way.settings)
        if not way or (way.packages and not search.throwaway):
            reason = why_not(suspect, search.expected, packages=search.effort.packages)
        elif search.throwaway:
            fetched = [search.throwaway.fetch(name, apart) for name in way.packages]
            reason = reason or "; ".join(filter(None, fetched))
        if reason:
            untried[suspect.cause] = reason
        else:
            ways[suspect.cause] = way
    return ways, untried


def _smallest(search: _Search, ways: Ways) -> Ways:
    """Return the differences that suffice, and of which none can be left out."""
    packages = {cause: way for cause, way in ways.items() if way.packages}
    for cause, way in ways.items():
        if cause not in packages and search.confirmed_by({cause: way}):
            return {cause: way}
    if packages and search.confirmed_by(packages):
        return _one_of(search, packages) or _without_the_idle(search, packages)
    if len(ways) > max(len(packages), 1) and search.confirmed_by(ways):
        return _without_the_idle(search, ways)
    return {}


def _one_of(search: _Search, ways: Ways) -> Ways:
    if len(ways) == 1:
        return ways
    return next(({c: way} for c, way in ways.items() if search.confirmed_by({c: way})), {})


def _without_the_idle(search: _Search, ways: Ways) -> Ways:
    needed = dict(ways)
    for cause in ways:
        fewer = {name: way for name, way in needed.items() if name != cause}
        if len(fewer) > 1 and search.confirmed_by(fewer):
            needed = fewer
    return needed


def _same_there(actual: RecordFile, against: RecordFile, search: _Search) -> bool:
    name = search.divergence.stage if search.divergence else ""
    return _of(actual, name) == _of(against, name)


def _of(record: RecordFile, stage: str) -> dict[str, str]:
    return next((s.outputs for s in record.stages.stages if s.name == stage), {})


def _outputs(expected: RecordFile, actual: RecordFile) -> list[tuple[str, str | None]]:
    return [
        (digest, _of(actual, stage.name).get(output))
        for stage in expected.stages.stages
        for output, digest in stage.outputs.items()
    ]


def _sentence(search: _Search, confirmed: Ways, rest: Sequence[Suspect]) -> str:
    stage = search.divergence.stage if search.divergence else ""
    if confirmed:
        sentence = f"confirmed: '{stage}' parts because of {' and '.join(confirmed)}"
        best = max(trial.agreeing for trial in search.trials if trial.confirms)
        total = search.trials[-1].outputs or search.trials[0].outputs
        if best < total:
            sentence += f"; {total - best} of {total} stage outputs still differ"
        if len(confirmed) > 1 and search.exhausted:
            sentence += "; whether all of them are needed was not tried"
        return sentence
    if rest:
        names = ", ".join(suspect.cause for suspect in rest)
        return f"not confirmed: '{stage}' parts; suspected: {names}"
    return f"not explained: '{stage}' parts, and no recorded difference can act there"
