"""The fits of all candidates in a fold: what each one learns from, and what it scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from repro.training.validation import VALIDATION, parts_of
from repro.training.weights import of_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import numpy as np
    import numpy.typing as npt

    from repro.config.preprocessing import Preprocessing
    from repro.config.training import Model
    from repro.training.learned import Learned
    from repro.training.removal import Removals
    from repro.training.scoring import Labels, Matrix, Outcome
    from repro.training.splitters import SplitColumns
    from repro.training.validation import Parts
    from repro.training.weights import Weights

    Mask = npt.NDArray[np.bool_]
    Rows = npt.NDArray[np.int64]


def learned_from(
    removals: Removals | None, fold: int, train_rows: Rows, inside: Mask, family: str
) -> Mask:
    """Return which rows a candidate learns from in a fold."""
    if removals is None:
        return inside
    return removals.inside(family, fold, train_rows, inside)


@dataclass(frozen=True)
class Candidates:
    """All candidates, and what they share."""

    models: Mapping[str, Model]
    preprocessing: Preprocessing
    seeds: Mapping[str, int]
    outcome: Outcome
    weights: Weights | None
    columns: SplitColumns | None
    removals: Removals | None
    train_rows: Rows

    def of_folds(self, folds: Iterable[tuple[Mask, Learned]]) -> Iterator[tuple[Any, ...]]:
        """Yield the arguments of ``fit_and_score`` for each fold and each candidate in it.

        Nothing of them is kept.

        Parameters
        ----------
        folds : iterable of (mask of the rows inside, Learned)
        """
        for fold, (inside, learned) in enumerate(folds):
            yield from self._of_fold(fold, inside, learned)

    def _of_fold(self, fold: int, inside: Mask, learned: Learned) -> Iterator[tuple[Any, ...]]:
        for family, model in self.models.items():
            rows = learned_from(self.removals, fold, self.train_rows, inside, family)
            target = learned.target[rows]
            path = f"cross_validate/{family}/{fold}"
            columns = None if self.columns is None else self.columns.take(rows)
            yield (
                family,
                model,
                self.seeds[path],
                learned.allowed,
                *_fitted_on(target, *learned.matrices(family, model, self.preprocessing, rows)),
                self.outcome,
                of_rows(self.weights, rows),
                rows_of_fit(family, model, target, columns, self.seeds, path),
            )


def _fitted_on(target: Labels, matrix: Matrix, held_out: Matrix) -> tuple[Any, ...]:
    return matrix, target, held_out


def rows_of_fit(
    family: str,
    model: Model,
    target: Labels,
    columns: SplitColumns | None,
    seeds: Mapping[str, int],
    path: str,
) -> Parts | None:
    """Divide the rows of one fit by the seed of its name."""
    seed = seeds.get(f"{path}/{VALIDATION}")
    return parts_of(family, model.early_stopping, target, seed, columns)
