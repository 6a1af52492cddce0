"""The use case ``explain``: train here under the other side's settings, until its bits appear.

A difference of two records is only suspected of a divergence. It is *confirmed* where a training
here, with that difference taken away, has the other side's digests at the stage at which the two
parted. Each is first taken away alone, versions of packages all at once; where that does not help,
all of them together. What helps is then cut down: those that are not needed are put back, one by
one.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pydantic import ValidationError

from repro.app.children import retrain
from repro.app.throwaway import Throwaway
from repro.app.ways import Way, possible_causes, settings_of, unable, way_of, why_not
from repro.config.models import ExperimentConfig
from repro.core.errors import PreconditionError
from repro.core.explanation import Explanation, Trial
from repro.core.verdict import Outcome
from repro.divergence.compare import first_divergence, outputs_of
from repro.divergence.numbers import check_metrics, check_predictions, check_threshold
from repro.divergence.tolerance import EXACT, Limits
from repro.launch import Level, lacking, pinned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from repro.app.recorded import Recorded
    from repro.core.comparison import Suspect
    from repro.core.records import RecordFile
    from repro.core.verdict import Divergence

Ways = dict[str, Way]

# What pydantic puts before the sentence of a rule over several keys.
_RULE = "Value error, "


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
    spent: int = 0

    @property
    def expected(self) -> RecordFile:
        return self.subject.record

    @property
    def base(self) -> Recorded:
        return self.against or self.subject

    @property
    def exhausted(self) -> bool:
        return self.spent >= self.effort.runs

    def train(self, causes: Sequence[str], way: Way) -> RecordFile | None:
        """Train with some things done otherwise; None where that came to no end."""
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
        self.trials.append(
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

    def _configured(self, way: Way) -> ExperimentConfig | str:
        """Return the configuration with other sections, or why they do not go together."""
        given = self.base.config.model_dump(mode="json", by_alias=True) | way.sections
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
            self.effort.tell("training here, to start from")
            return
        self.spent += 1
        what = " and ".join(causes)
        self.effort.tell(f"training {self.spent} of at most {self.effort.runs}: {what}")

    def _environ(self, way: Way) -> dict[str, str]:
        recorded = Level(self.base.config.determinism.level)
        environ = pinned(Level.STRICT if lacking(recorded) else recorded, os.environ)
        for name, value in (self.start | way).settings.items():
            environ.pop(name, None)
            if value is not None:
                environ[name] = value
        if self.throwaway and way.packages:
            environ["PYTHONPATH"] = self.throwaway.path(way.packages, environ)
        return environ

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
    blank = [side.name for side in (subject, against) if side and not _has_outputs(side)]
    if blank:
        sentence = f"not explained: {blank[0]} has no stage outputs, and nothing can be compared"
        return _report(search, sentence, explained=False)
    if against and first_divergence(expected.stages, against.record.stages) is None:
        sentence, same = _of_two(subject, against)
        return _report(search, sentence, explained=same)
    actual = search.train((), start)
    if actual is None:
        raise PreconditionError(
            f"training here came to no end: {search.trials[0].failure}",
            advice="repro doctor tells what is wrong here",
        )
    parted = first_divergence(expected.stages, actual.stages)
    if parted is None:
        sentence, same = _of_one(expected, actual)
        if same and against:
            sentence = (
                f"not explained: a training here by the configuration of {against.name} has the"
                f" bits of {subject.name}, and not its own; explain {against.name} by itself"
            )
        return _report(search, sentence, explained=same and against is None)
    search.divergence = parted
    causes = possible_causes(expected, actual, parted)
    if not causes and parted.inputs:
        sentence = (
            f"not explained: '{parted.stage}' parts because its input differs:"
            f" {', '.join(parted.inputs)}; and nothing recorded tells why"
        )
        return _report(search, sentence, explained=False)
    return _sought(search, actual, causes)


def _has_outputs(side: Recorded) -> bool:
    return bool(outputs_of(side.record.stages))


def _of_one(expected: RecordFile, actual: RecordFile) -> tuple[str, bool]:
    """Say what it means that no stage of a record parts here, and whether all of it agrees."""
    odd = _odd_output(expected, actual, "the record", "the training here")
    if odd:
        sentence = f"the record contradicts itself: no stage parts first, and yet {odd}"
        return f"not explained: {sentence}; repro verify tells more", False
    if _other_numbers(expected, actual):
        return (
            "every stage output has the record's bits here, but its metrics, threshold or"
            " predictions do not follow from them: it was edited; repro verify tells"
        ), False
    return "nothing to explain: every stage output has the record's bits here", True


def _of_two(subject: Recorded, against: Recorded) -> tuple[str, bool]:
    """Say what it means that no stage of two records parts, and whether all of them agrees."""
    odd = _odd_output(subject.record, against.record, subject.name, against.name)
    if odd:
        sentence = f"{subject.name} or {against.name} contradicts itself: no stage parts first"
        return f"not explained: {sentence}, and yet {odd}; repro verify tells which", False
    # References have some of the predictions that runs have, and not always the same ones.
    rows = {prediction.row for prediction in against.record.predictions.rows}
    predictions = subject.record.predictions
    shared = tuple(prediction for prediction in predictions.rows if prediction.row in rows)
    predictions = predictions.model_copy(update={"rows": shared})
    expected = subject.record.model_copy(update={"predictions": predictions})
    if _other_numbers(expected, against.record):
        return (
            f"every stage output of {against.name} has the same bits, but its metrics, threshold"
            " or predictions have not: one of the two was edited; repro verify tells which"
        ), False
    return f"nothing to explain: every stage output of {against.name} has the same bits", True


def _odd_output(left: RecordFile, right: RecordFile, one: str, other: str) -> str:
    """Tell of the first stage output that is not the same in two records; empty if none is."""
    ours, theirs = outputs_of(left.stages), outputs_of(right.stages)
    name = next((name for name in ours | theirs if ours.get(name) != theirs.get(name)), "")
    for outputs, side in ((ours, one), (theirs, other)):
        if name and name not in outputs:
            return f"{name} is missing from {side}"
    return name and f"{name} differs"


def _other_numbers(expected: RecordFile, actual: RecordFile) -> bool:
    exact = Limits(EXACT)
    checks = [
        *check_metrics(expected.metrics, actual.metrics, exact),
        *check_threshold(expected.threshold, actual.threshold, exact),
        *check_predictions(expected.predictions, actual.predictions, exact),
    ]
    return any(check.outcome is not Outcome.SAME for check in checks)


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


def _sentence(search: _Search, confirmed: Ways, rest: Sequence[Suspect]) -> str:
    stage = search.divergence.stage if search.divergence else ""
    if confirmed:
        sentence = f"confirmed: '{stage}' parts because of {' and '.join(confirmed)}"
        best = max(trial.agreeing for trial in search.trials if trial.confirms)
        total = search.trials[0].outputs
        if best < total:
            sentence += f"; {total - best} of {total} stage outputs still differ"
        if len(confirmed) > 1 and search.exhausted:
            sentence += "; whether all of them are needed was not tried"
        return sentence
    if rest:
        names = ", ".join(suspect.cause for suspect in rest)
        return f"not confirmed: '{stage}' parts; suspected: {names}"
    return f"not explained: '{stage}' parts, and no recorded difference can act there"
