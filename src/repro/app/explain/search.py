"""The search for the differences that make two trainings part.

Each is first taken away alone, versions of packages all at once; where that does not help, all of
them together. What helps is then cut down: those that are not needed are put back, one by one.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from repro.app.explain.interventions import (
    Intervention,
    intervention_for,
    unsupported_by_cpu,
    why_untestable,
)
from repro.app.explain.packages import Throwaway

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.app.explain.counterfactuals import Counterfactuals
    from repro.core.record import AnyRecord
    from repro.core.verdict import Suspect

Interventions = dict[str, Intervention]


def search(
    trials: Counterfactuals, actual: AnyRecord, causes: Sequence[Suspect]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the causes that suffice together, and why others could not be, or were not, tried.

    Parameters
    ----------
    actual : AnyRecord
        The training that is to be given the other side's bits.
    """
    with ExitStack() as stack:
        if trials.effort.packages:
            folder = stack.enter_context(TemporaryDirectory(prefix="repro-packages-"))
            recorded, installed = trials.expected.environment, actual.environment
            trials.throwaway = Throwaway(
                Path(folder), recorded.packages, installed.packages, trials.effort.notify
            )
        interventions, untried = _ways(trials, actual, causes)
        confirmed = _smallest(trials, interventions)
    tried = {cause for trial in trials.made for cause in trial.causes}
    spent = f"no more trainings were allowed (--max-runs {trials.effort.runs})"
    idle = spent if trials.exhausted else "the first divergence is explained without it"
    untried |= dict.fromkeys(interventions.keys() - tried, idle)
    # Such as a data set that was removed: nothing was learned of the cause.
    untried |= {t.causes[0]: t.failure for t in trials.made if t.failure and len(t.causes) == 1}
    return tuple(confirmed), untried


def _ways(
    trials: Counterfactuals, actual: AnyRecord, causes: Sequence[Suspect]
) -> tuple[Interventions, dict[str, str]]:
    """Return what can be tried for each cause, and why nothing can for the others."""
    interventions: Interventions = {}
    untried = {}
    found = [(suspect, intervention_for(suspect, trials.expected, actual)) for suspect in causes]
    apart = {name for _, intervention in found for name in intervention.packages}
    for suspect, intervention in found:
        reason = unsupported_by_cpu(intervention.settings)
        if not intervention or (intervention.packages and not trials.throwaway):
            reason = why_untestable(suspect, trials.expected, packages=trials.effort.packages)
        elif trials.throwaway:
            fetched = [trials.throwaway.fetch(name, apart) for name in intervention.packages]
            reason = reason or "; ".join(filter(None, fetched))
        if reason:
            untried[suspect.cause] = reason
        else:
            interventions[suspect.cause] = intervention
    return interventions, untried


def _smallest(trials: Counterfactuals, interventions: Interventions) -> Interventions:
    """Return the differences that suffice, and of which none can be left out."""
    packages = {
        cause: intervention
        for cause, intervention in interventions.items()
        if intervention.packages
    }
    others = {
        cause: intervention
        for cause, intervention in interventions.items()
        if not intervention.packages
    }
    alone = _one_of(trials, others)
    if alone:
        return alone
    if packages and trials.confirmed_by(packages):
        one = packages if len(packages) == 1 else _one_of(trials, packages)
        return one or _without_the_idle(trials, packages)
    if others and len(interventions) > 1 and trials.confirmed_by(interventions):
        return _without_the_idle(trials, interventions)
    return {}


def _one_of(trials: Counterfactuals, interventions: Interventions) -> Interventions:
    return next(
        (
            {c: intervention}
            for c, intervention in interventions.items()
            if trials.confirmed_by({c: intervention})
        ),
        {},
    )


def _without_the_idle(trials: Counterfactuals, interventions: Interventions) -> Interventions:
    needed = dict(interventions)
    for cause in interventions:
        fewer = {name: intervention for name, intervention in needed.items() if name != cause}
        if len(fewer) > 1 and trials.confirmed_by(fewer):
            needed = fewer
    return needed
