"""The search for the differences that make two trainings part.

Each is first taken away alone, versions of packages all at once; where that does not help, all of
them together. What helps is then cut down: those that are not needed are put back, one by one.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
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
    from collections.abc import Iterator, Sequence

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
    trials.actual, trials.suspects = actual, causes
    with ExitStack() as stack:
        if trials.effort.packages and not trials.program.no_packages():
            folder = stack.enter_context(TemporaryDirectory(prefix="repro-packages-"))
            recorded, installed = trials.expected.environment, actual.environment
            trials.throwaway = Throwaway(
                Path(folder), recorded.packages, installed.packages, trials.effort.notify
            )
        interventions, untried = _ways(trials, actual, causes)
        found = _smallest(trials, interventions)
    # The last one that confirms has no more than is needed, and names what a tree brought along.
    confirming = (trial.causes for trial in reversed(trials.made) if trial.confirms)
    confirmed = next(confirming, ()) if found else ()
    tried = {cause for trial in trials.made for cause in trial.causes}
    spent = f"no more trainings were allowed (--max-runs {trials.effort.runs})"
    idle = spent if trials.exhausted else "the first divergence is explained without it"
    untried |= dict.fromkeys(interventions.keys() - tried, idle)
    # Such as a data set that was removed: nothing was learned of the cause.
    untried |= {t.causes[0]: t.failure for t in trials.made if t.failure and len(t.causes) == 1}
    return confirmed, untried


def _ways(
    trials: Counterfactuals, actual: AnyRecord, causes: Sequence[Suspect]
) -> tuple[Interventions, dict[str, str]]:
    """Return what can be tried for each cause, and why nothing can for the others."""
    interventions: Interventions = {}
    untried = {}
    found = [(suspect, intervention_for(suspect, trials.expected, actual)) for suspect in causes]
    apart = {name for _, intervention in found for name in intervention.packages}
    for suspect, whole in found:
        intervention, no_tree = _without_missing_tree(trials, whole)
        reason = unsupported_by_cpu(intervention.settings)
        if no_tree and not intervention:
            reason = no_tree
        elif not intervention or (intervention.packages and not trials.throwaway):
            reason = _why_untestable(trials, suspect, intervention)
        elif trials.throwaway:
            fetched = [trials.throwaway.fetch(name, apart) for name in intervention.packages]
            reason = reason or "; ".join(filter(None, fetched))
        if reason or no_tree:
            untried[suspect.cause] = reason or no_tree
        if not reason:
            interventions[suspect.cause] = intervention
    return interventions, untried


def _why_untestable(trials: Counterfactuals, suspect: Suspect, intervention: Intervention) -> str:
    if intervention.packages and trials.effort.packages:
        return trials.program.no_packages()
    return why_untestable(suspect, trials.expected, packages=trials.effort.packages)


def _without_missing_tree(
    trials: Counterfactuals, intervention: Intervention
) -> tuple[Intervention, str]:
    """Return what is left of an intervention where its tree cannot be used, and why it cannot."""
    release, fetch = intervention.release, trials.effort.packages
    if release is None:
        return intervention, ""
    reason = trials.program.no_tree(release, fetch=fetch)
    return (replace(intervention, release=None) if reason else intervention), reason


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
    for together in _together(interventions):
        if trials.confirmed_by(together):
            return _without_the_idle(trials, together)
    return {}


def _together(interventions: Interventions) -> Iterator[Interventions]:
    """Yield all that can be tried at once, but for what was tried in the steps before.

    A tree has the packages of the lock, so that other versions of packages do not go with it.
    """
    on_this = {c: each for c, each in interventions.items() if not each.release}
    of_lock = {c: each for c, each in interventions.items() if not each.packages}
    if len(on_this) > 1 and not all(each.packages for each in on_this.values()):
        yield on_this
    if len(of_lock) > 1 and any(each.release for each in of_lock.values()):
        yield of_lock


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
