"""The use case ``explain``: train with the other side's settings until its bits appear.

A difference of two records is only suspected of a divergence. It is *confirmed* if a training on
this machine without that difference has the other side's digests at the first divergent stage.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from repro.app.explain import no_divergence
from repro.app.explain.counterfactuals import Counterfactuals, Effort
from repro.app.explain.interventions import Intervention, possible_causes, settings_of
from repro.app.explain.programs import Experiment
from repro.app.explain.reporting import report, sentence_of
from repro.app.explain.search import search
from repro.core.errors import PreconditionError
from repro.divergence.compare import first_divergence
from repro.divergence.explained import redefined_diagnostics, without
from repro.divergence.outputs import outputs_of
from repro.divergence.unmatched import explained_outputs
from repro.training.declarations import MEANING

if TYPE_CHECKING:
    from pathlib import Path

    from repro.app.subjects.recorded import Recorded
    from repro.core.explanation import Explanation
    from repro.core.record import AnyRecord
    from repro.core.verdict import Divergence


def explain(
    project: Path, subject: Recorded, against: Recorded | None, effort: Effort
) -> Explanation:
    """Find out why a record and a training on this machine diverge.

    Parameters
    ----------
    against : Recorded, optional
        The record whose configuration the training uses, with its settings where they differ from
        those of the subject; without it, the training uses the subject's configuration.

    Raises
    ------
    PreconditionError
        If the first training does not finish.
    """
    # No training by this code gives the outputs of a stage that meant something else.
    sides = (subject, against) if against else (subject,)
    moved = frozenset[str]().union(
        *(redefined_diagnostics(side.record.stages, MEANING) for side in sides)
    )
    subject, against = _without(subject, moved), against and _without(against, moved)
    expected = subject.record
    start = Intervention(settings_of(against.record, expected) if against else {})
    program = Experiment(project, (against or subject).config)
    trials = Counterfactuals(program, subject, against, effort, start)
    blank = [side.name for side in sides if not outputs_of(side.record.stages)]
    if blank:
        sentence = f"not explained: {blank[0]} has no stage outputs, so nothing can be compared"
        return report(trials, sentence, explained=False)
    if against and no_divergence.is_whole(expected, against.record):
        sentence, same = no_divergence.compare_two_records(subject, against)
        return report(trials, sentence, explained=same)
    actual = trials.train((), start)
    if actual is None:
        raise PreconditionError(
            f"training on this machine did not finish: {trials.made[0].failure}",
            advice="repro doctor shows what is wrong on this machine",
        )
    actual = actual.with_stages(without(actual.stages, moved))
    only = explained_outputs(expected.evidence, actual.evidence, MEANING)
    diverged = first_divergence(expected.stages, actual.stages, only, MEANING)
    if diverged is None:
        sentence, same = no_divergence.compare_with_rerun(expected, actual)
        if same and against:
            sentence = (
                f"not explained: training with the configuration of {against.name} gives the bits"
                f" of {subject.name}, not its own; explain {against.name} separately"
            )
        return report(trials, sentence, explained=same and against is None)
    trials.divergence = diverged
    return _searched(trials, actual, diverged)


def _without(side: Recorded, names: frozenset[str]) -> Recorded:
    stages = without(side.record.stages, names)
    return replace(side, record=side.record.with_stages(stages))


def _searched(trials: Counterfactuals, actual: AnyRecord, diverged: Divergence) -> Explanation:
    causes = possible_causes(trials.expected, actual, diverged)
    if not causes and diverged.inputs:
        sentence = (
            f"not explained: '{diverged.stage}' diverges because its input differs:"
            f" {', '.join(diverged.inputs)}; no recorded difference explains it"
        )
        return report(trials, sentence, explained=False)
    confirmed, untried = search(trials, actual, causes)
    # With every output explained nothing is left to suspect.
    whole = any(trial.confirms and trial.agreeing == trial.outputs for trial in trials.made)
    rest = () if whole else tuple(s for s in causes if s.cause not in confirmed)
    sentence = sentence_of(trials, diverged.stage, confirmed, rest)
    other = trials.against
    if other and not no_divergence.has_same_outputs_at(diverged.stage, actual, other.record):
        sentence += f"; the bits of this training differ from those of {other.name} at that stage"
    return report(
        trials,
        sentence,
        explained=bool(confirmed),
        confirmed=confirmed,
        suspected=rest,
        untried={s.cause: untried[s.cause] for s in rest if s.cause in untried},
    )
