"""The kinds of search: which trials there are, and which of them is chosen."""

from __future__ import annotations

from functools import partial
from math import fsum
from typing import TYPE_CHECKING

from repro.config.search import GridSearch, HalvingSearch, OptunaSearch, RandomSearch
from repro.core.errors import ConfigError, DataError
from repro.core.searched import FamilySearch, Round, Trial
from repro.training.searching.bench import Attempt
from repro.training.searching.points import drawn_points, grid_points

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from repro.training.searching.bench import Bench
    from repro.training.searching.points import Point


def searched(bench: Bench) -> FamilySearch:
    """Search the space of a candidate.

    Raises
    ------
    DataError, ConfigError, PreconditionError
        If the rows are too few, an estimator refuses a trial, or a package is missing.
    """
    search, seed = bench.search, bench.seed("trials")
    if isinstance(search, HalvingSearch):
        return _halved(bench, search, _drawn(bench, search, seed))
    if isinstance(search, OptunaSearch):
        return _proposed(bench, search, seed)
    points = grid_points(search) if isinstance(search, GridSearch) else _drawn(bench, search, seed)
    return _chosen(bench, _trials(bench, points, start=0))


def _drawn(bench: Bench, search: RandomSearch | HalvingSearch, seed: int) -> list[Point]:
    try:
        return drawn_points(search, seed)
    except ConfigError as error:
        where = f"models.{bench.family}.search"
        raise ConfigError(f"{where}.{error.message}", advice=error.advice) from error


def _trials(bench: Bench, points: Sequence[Point], start: int) -> list[Trial]:
    attempts = [Attempt(number, point) for number, point in enumerate(points, start)]
    return [
        Trial(number=each.number, params=each.point, folds=folds, mean=mean_of(folds))
        for each, folds in zip(attempts, bench.scored(attempts), strict=True)
    ]


def mean_of(scores: Sequence[float]) -> float:
    """Return the mean of the scores in folds, rounded once."""
    return fsum(scores) / len(scores)


def _chosen(bench: Bench, trials: Sequence[Trial]) -> FamilySearch:
    best = max(trials, key=partial(_rank, _sign(bench)))
    return FamilySearch(
        kind=bench.search.kind,
        metric=bench.material.measure.metric.name,
        greater_is_better=bench.material.measure.metric.greater_is_better,
        chosen=best.number,
        trials=tuple(trials),
    )


def _sign(bench: Bench) -> int:
    return 1 if bench.material.measure.metric.greater_is_better else -1


def _rank(sign: int, trial: Trial) -> tuple[int, float, int]:
    """Rank by what a trial got to, then by its mean; of two alike the lower number is better."""
    return trial.resource or 0, sign * trial.mean, -trial.number


def _proposed(bench: Bench, search: OptunaSearch, seed: int) -> FamilySearch:
    # Imported when used: Optuna is an extra.
    from repro.training.searching.proposals import Proposals  # noqa: PLC0415

    proposals = Proposals(bench.family, search, seed, maximize=_sign(bench) > 0)
    trials: list[Trial] = []
    while len(trials) < search.trials:
        points = proposals.ask(min(search.batch, search.trials - len(trials)))
        batch = _trials(bench, points, start=len(trials))
        proposals.tell([trial.mean for trial in batch])
        trials += batch
    return _chosen(bench, trials)


def _halved(bench: Bench, search: HalvingSearch, points: Sequence[Point]) -> FamilySearch:
    """Score all trials by little of the resource, and the best ones by more of it."""
    rank: Callable[[Trial], tuple[int, float, int]] = partial(_rank, _sign(bench))
    trials: dict[int, Trial] = {}
    left = list(range(len(points)))
    for place, resource in enumerate(resources(bench, search)):
        if place:
            best = sorted((trials[number] for number in left), key=rank, reverse=True)
            left = sorted(trial.number for trial in best[: -(-len(points) // search.factor**place)])
        attempts = [Attempt(number, points[number], resource) for number in left]
        for each, folds in zip(attempts, bench.scored(attempts), strict=True):
            trials[each.number] = _later(trials.get(each.number), each, resource, folds)
    return _chosen(bench, [trials[number] for number in range(len(points))])


def _later(
    before: Trial | None, attempt: Attempt, resource: int, folds: tuple[float, ...]
) -> Trial:
    earlier: tuple[Round, ...] = ()
    if before is not None and before.resource is not None:
        last = Round(resource=before.resource, folds=before.folds, mean=before.mean)
        earlier = (*(before.earlier or ()), last)
    return Trial(
        number=attempt.number,
        params=attempt.point,
        folds=folds,
        mean=mean_of(folds),
        resource=resource,
        earlier=earlier or None,
    )


def resources(bench: Bench, search: HalvingSearch) -> list[int]:
    """Return the resource of each round: the last one has all of it.

    There are as many rounds as the least resource allows, and no more than leave several trials to
    choose from.

    Raises
    ------
    DataError
        If a fold learns from fewer rows than the first round is to have.
    """
    most = search.maximum or bench.most_rows
    if search.minimum > most:
        raise DataError(
            f"models.{bench.family}.search.minimum: {search.minimum} rows are more than the"
            f" {most} that a fold learns from",
            advice=f"set it to {max(most // search.factor, 1)} or less",
        )
    found = [most]
    parts = search.factor
    while most // parts >= search.minimum and parts <= search.trials:
        found.insert(0, most // parts)
        parts *= search.factor
    return found
