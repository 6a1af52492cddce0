"""The preprocessing of one fold, for all candidates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from repro.training.preprocess import Supervised, learn, preprocessing_of, to_matrix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from repro.config.preprocessing import Preprocessing
    from repro.config.training import Model
    from repro.training.scoring import Labels, Matrix


@dataclass(frozen=True)
class Learned:
    """The preprocessing of one fold, learned once for all candidates that share it.

    Attributes
    ----------
    features : DataFrame of shape (n_samples, n_features)
        Of all rows; the part that is trained on would be a copy.
    train_rows : ndarray of int64, shape (n_train,)
    target : ndarray of shape (n_train,)
    outside : ndarray of bool, shape (n_train,)
    """

    features: pd.DataFrame
    train_rows: npt.NDArray[np.int64]
    target: Labels
    outside: npt.NDArray[np.bool_]
    numeric: Sequence[str]
    categorical: Sequence[str]
    seeds: Mapping[str, int]
    allowed: Sequence[str]
    known: dict[str, tuple[Matrix, Matrix]] = field(default_factory=dict)

    def matrices(
        self,
        family: str,
        model: Model,
        preprocessing: Preprocessing,
        inside: npt.NDArray[np.bool_],
    ) -> tuple[Matrix, Matrix]:
        """Return the matrices of the rows that are learned from, and of those outside of the fold.

        The preprocessing decides which rows of the fold are learned from.
        """
        settings, where = preprocessing_of(family, model, preprocessing)
        key = settings.model_dump_json()
        if key not in self.known:
            rows, target = self._rows(inside), self.target[inside]
            supervised = Supervised(target, self.seeds, self.allowed, where)
            learned, matrix = learn(rows, self.numeric, self.categorical, settings, supervised)
            del rows
            self.known[key] = matrix, to_matrix(learned, self._rows(self.outside))
        return self.known[key]

    def _rows(self, some: npt.NDArray[np.bool_]) -> pd.DataFrame:
        return self.features.iloc[self.train_rows[some]]
