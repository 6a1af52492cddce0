"""The report of an explanation, and its sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.explanation import Explanation
from repro.core.record import RunRecord
from repro.execution.network import network_of_children

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from repro.app.explain.counterfactuals import Counterfactuals
    from repro.core.record import AnyRecord
    from repro.core.verdict import Suspect


def outputs_of(record: AnyRecord) -> str:
    """Return the name of the outputs that a record has: of stages, or of steps of a command."""
    return "stage outputs" if record.is_pipeline else "step outputs"


def sentence_of(
    trials: Counterfactuals, stage: str, confirmed: Sequence[str], rest: Sequence[Suspect]
) -> str:
    """Return what the trainings say of a stage that diverges.

    Parameters
    ----------
    confirmed : sequence of str
        The causes that bring the record's bits at that stage.
    rest : sequence of Suspect
        Those that can act beside them.
    """
    if confirmed:
        sentence = f"confirmed: '{stage}' diverges because of {listed(confirmed)}"
        best = max(trial.agreeing for trial in trials.made if trial.confirms and not trial.repeats)
        total = trials.made[0].outputs
        if best < total:
            sentence += f"; {total - best} of {total} {outputs_of(trials.expected)} still differ"
        in_tree = any(trial.release for trial in trials.made if trial.confirms)
        if len(confirmed) > 1 and (trials.exhausted or in_tree):
            sentence += "; not tested whether all of them are needed"
        return sentence
    if rest:
        names = ", ".join(suspect.cause for suspect in rest)
        return f"not confirmed: '{stage}' diverges; suspected: {names}"
    return f"not explained: '{stage}' diverges, and no recorded difference can affect it"


def listed(causes: Sequence[str]) -> str:
    """Join names for a sentence."""
    *others, last = causes
    return f"{', '.join(others)} and {last}" if others else last


def report(
    trials: Counterfactuals,
    sentence: str,
    *,
    explained: bool,
    confirmed: tuple[str, ...] = (),
    suspected: tuple[Suspect, ...] = (),
    untried: Mapping[str, str] | None = None,
) -> Explanation:
    """Return the report of what was trained and found."""
    first = trials.actual.observed if isinstance(trials.actual, RunRecord) else None
    return Explanation(
        schema_="repro.explanation/v1",
        subject=trials.subject.name,
        against=trials.against.name if trials.against else "",
        sentence=sentence,
        explained=explained,
        divergence=trials.divergence,
        confirmed=confirmed,
        suspected=suspected,
        untried=dict(untried or {}),
        trials=tuple(trials.made),
        network=network_of_children() if trials.made and not first else None,
        seal=first.sealed if first else None,
    )
