"""Features by their permutation importance, and which of their ranks are stable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.core.records import FoldScores, Metrics

_MOST = 30


@dataclass(frozen=True)
class Ranked:
    """A feature as a line of a table.

    Attributes
    ----------
    mean, std : float
        On the held-out rows, over the shuffles.
    of_folds : FoldScores or None
        Of the models of the folds, if they were asked for.
    ranks : tuple of (int, int), or None
        The best and the worst rank that a model of a fold gives the feature; 1 is the greatest.
    """

    name: str
    mean: float
    std: float
    of_folds: FoldScores | None = None
    ranks: tuple[int, int] | None = None

    @property
    def rank(self) -> str:
        """The rank, or from which one to which."""
        if self.ranks is None:
            return ""
        best, worst = self.ranks
        return str(best) if best == worst else f"{best} to {worst}"

    @property
    def is_stable(self) -> bool:
        """True if every model gives the feature the same rank."""
        return self.ranks is not None and self.ranks[0] == self.ranks[1]


def ranked(metrics: Metrics) -> list[Ranked]:
    """Return the features of a run, the most important one first."""
    folds = metrics.importance_by_fold or {}
    ranks = ranks_of(folds)
    found = [
        Ranked(name, scores.mean, scores.std, folds.get(name), ranks.get(name))
        for name, scores in (metrics.importance or {}).items()
    ]
    return sorted(found, key=lambda feature: -feature.mean)


def ranks_of(folds: Mapping[str, FoldScores]) -> dict[str, tuple[int, int]]:
    """Return the best and the worst rank of each feature over the models of the folds.

    Equal importances have the same rank.

    Examples
    --------
    >>> from repro.core.records import FoldScores
    >>> scores = {"a": (3.0, 2.0), "b": (1.0, 2.5), "c": (0.0, 0.0)}
    >>> ranks_of({name: FoldScores(mean=0.0, std=0.0, folds=f) for name, f in scores.items()})
    {'a': (1, 2), 'b': (1, 2), 'c': (3, 3)}
    """
    models = list(zip(*(scores.folds for scores in folds.values()), strict=True))
    found = {}
    for name, scores in folds.items():
        of_models = [
            1 + sum(other > value for other in model)
            for value, model in zip(scores.folds, models, strict=True)
        ]
        found[name] = min(of_models), max(of_models)
    return found


def stability(features: list[Ranked]) -> str:
    """Return a sentence about the ranks that all models agree in; empty without any models."""
    of_folds = [feature for feature in features if feature.of_folds is not None]
    if not of_folds:
        return ""
    models = len(of_folds[0].of_folds.folds) if of_folds[0].of_folds else 0
    stable = [feature.name for feature in of_folds if feature.is_stable]
    count = f"{len(stable)} of {len(of_folds)} features have the same rank for all {models} models"
    shown = ", ".join(stable[:_MOST])
    more = f" and {len(stable) - _MOST} more" if len(stable) > _MOST else ""
    return f"{count} of the folds: {shown}{more}." if stable else f"{count} of the folds."
