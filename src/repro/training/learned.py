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
    """The preprocessing of one fold, learned once for all candidates that share it."""

    features: pd.DataFrame
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
            rows, target = self.features[inside], self.target[inside]
            supervised = Supervised(target, self.seeds, self.allowed, where)
            learned, matrix = learn(rows, self.numeric, self.categorical, settings, supervised)
            self.known[key] = matrix, to_matrix(learned, self.features[self.outside])
        return self.known[key]
