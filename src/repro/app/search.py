"""The search for the differences that make two trainings part.

Each is first taken away alone, versions of packages all at once; where that does not help, all of
them together. What helps is then cut down: those that are not needed are put back, one by one.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from repro.app.throwaway import Throwaway
from repro.app.ways import Way, unable, way_of, why_not

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.app.trials import Trials
    from repro.core.records import RecordFile
    from repro.core.verdict import Suspect

Ways = dict[str, Way]


def search(
    trials: Trials, actual: RecordFile, causes: Sequence[Suspect]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the causes that suffice together, and why others could not be, or were not, tried.

    Parameters
    ----------
    actual : RecordFile
        The training that is to be given the other side's bits.
    """
    with ExitStack() as stack:
        if trials.effort.packages:
            folder = stack.enter_context(TemporaryDirectory(prefix="repro-packages-"))
            recorded, installed = trials.expected.environment, actual.environment
            trials.throwaway = Throwaway(
                Path(folder), recorded.packages, installed.packages, trials.effort.tell
            )
        ways, untried = _ways(trials, actual, causes)
        confirmed = _smallest(trials, ways)
    tried = {cause for trial in trials.made for cause in trial.causes}
    spent = f"no more trainings were allowed (--max-runs {trials.effort.runs})"
    idle = spent if trials.exhausted else "what parts first is explained without it"
    untried |= dict.fromkeys(ways.keys() - tried, idle)
    # Such as a data set that was removed: nothing was learned of the cause.
    untried |= {t.causes[0]: t.failure for t in trials.made if t.failure and len(t.causes) == 1}
    return tuple(confirmed), untried


def _ways(
    trials: Trials, actual: RecordFile, causes: Sequence[Suspect]
) -> tuple[Ways, dict[str, str]]:
    """Return what can be tried for each cause, and why nothing can for the others."""
    ways: Ways = {}
    untried = {}
    found = [(suspect, way_of(suspect, trials.expected, actual)) for suspect in causes]
    apart = {name for _, way in found for name in way.packages}
    for suspect, way in found:
        reason = unable(way.settings)
        if not way or (way.packages and not trials.throwaway):
            reason = why_not(suspect, trials.expected, packages=trials.effort.packages)
        elif trials.throwaway:
            fetched = [trials.throwaway.fetch(name, apart) for name in way.packages]
            reason = reason or "; ".join(filter(None, fetched))
        if reason:
            untried[suspect.cause] = reason
        else:
            ways[suspect.cause] = way
    return ways, untried


def _smallest(trials: Trials, ways: Ways) -> Ways:
    """Return the differences that suffice, and of which none can be left out."""
    packages = {cause: way for cause, way in ways.items() if way.packages}
    others = {cause: way for cause, way in ways.items() if not way.packages}
    alone = _one_of(trials, others)
    if alone:
        return alone
    if packages and trials.confirmed_by(packages):
        one = packages if len(packages) == 1 else _one_of(trials, packages)
        return one or _without_the_idle(trials, packages)
    if others and len(ways) > 1 and trials.confirmed_by(ways):
        return _without_the_idle(trials, ways)
    return {}


def _one_of(trials: Trials, ways: Ways) -> Ways:
    return next(({c: way} for c, way in ways.items() if trials.confirmed_by({c: way})), {})


def _without_the_idle(trials: Trials, ways: Ways) -> Ways:
    needed = dict(ways)
    for cause in ways:
        fewer = {name: way for name, way in needed.items() if name != cause}
        if len(fewer) > 1 and trials.confirmed_by(fewer):
            needed = fewer
    return needed
