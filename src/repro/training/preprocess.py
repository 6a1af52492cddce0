"""Preprocessing that is learned from training rows before a model sees them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

from repro.core.errors import DataError
from repro.tables.declared import DeclaredTable
from repro.training.features import sources
from repro.training.generators import seed_global_generators
from repro.training.magnitudes import check_finite, check_learned
from repro.training.wide import canonical, is_wide

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from repro.config.preprocessing import CategoricalSteps, NumericSteps, Preprocessing
    from repro.config.training import Features, Model
    from repro.tables.marks import Missing
    from repro.training.columns import ColumnSteps
    from repro.training.scoring import Labels, Matrix

_SCALERS = {"standard": StandardScaler, "robust": RobustScaler, "minmax": MinMaxScaler}
_QUARTILES = (0.25, 0.75)


@dataclass(frozen=True)
class Supervised:
    """The things that declared transformers need beside the columns.

    Attributes
    ----------
    target : ndarray of shape (n_samples,)
        Of the rows that are learned from.
    seeds : mapping of str to int
        By ``preprocess/`` and the path of the transformer.
    allowed : sequence of str
        Top-level modules that transformers may come from.
    where : str
        The key of the preprocessing, for messages.
    """

    target: Labels
    seeds: Mapping[str, int]
    allowed: Sequence[str]
    where: str = "preprocessing"


def preprocessing_of(family: str, model: Model, shared: Preprocessing) -> tuple[Preprocessing, str]:
    """Return the preprocessing of a candidate, its own or that of all, and the key of it."""
    if model.preprocessing is None:
        return shared, "preprocessing"
    return model.preprocessing, f"models.{family}.preprocessing"


class IQRClipper(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Clip each feature to its quartiles, widened by a factor of their distance.

    A feature whose quartiles coincide is left alone: the range says nothing about its tails, and
    clipping to it would make the feature constant.

    Parameters
    ----------
    factor : float
        In interquartile ranges; Tukey's fences are at 1.5 and 3 (Exploratory Data Analysis, 1977).

    Attributes
    ----------
    low_, high_ : ndarray of shape (n_features,)
    """

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def fit(self, X: npt.NDArray[np.float64], y: object = None) -> IQRClipper:  # noqa: ARG002, N803
        """Learn the fences of an array of shape (n_samples, n_features)."""
        values = np.asarray(X, dtype=np.float64)
        quantile = np.nanquantile if np.isnan(values).any() else np.quantile
        first, third = quantile(values, _QUARTILES, axis=0)
        reach = self.factor * (third - first)
        self.low_ = np.where(reach > 0, first - reach, -np.inf)
        self.high_ = np.where(reach > 0, third + reach, np.inf)
        return self

    def transform(self, X: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:  # noqa: N803
        """Return the clipped array, of the same shape."""
        return np.clip(np.asarray(X, dtype=np.float64), self.low_, self.high_)


def declared_table(
    training: pd.DataFrame, numeric: Sequence[str], missing: Missing, settings: Features
) -> DeclaredTable:
    """Return the first step of the saved pipeline, which gives the others what training saw.

    Parameters
    ----------
    training : DataFrame of shape (n_train, n_features)
        The training rows, as the data set declares them.
    numeric : sequence of str
    missing : collection of str, or dict of str to collection of str
        The declared markers: of all columns, or by column.
    settings : Features
    """
    names = [str(name) for name in training.columns]
    specs = [spec.model_dump(mode="json") for spec in settings.derived]
    derived_from = {name for spec in specs for name in sources(spec)}
    return DeclaredTable(
        numeric=[name for name in names if name in numeric],
        categorical=[name for name in names if name not in numeric],
        missing={name: list(each) for name, each in missing.items()}
        if isinstance(missing, Mapping)
        else list(missing),
        unused=[name for name in names if name in set(settings.drop) - derived_from],
    ).fit(training)


def learn(
    features: pd.DataFrame,
    numeric: Sequence[str],
    categorical: Sequence[str],
    settings: Preprocessing,
    supervised: Supervised | None = None,
) -> tuple[ColumnTransformer | ColumnSteps, Matrix]:
    """Learn preprocessing from training rows; return also their matrix.

    Parameters
    ----------
    supervised : Supervised, optional
        What declared transformers need beside the columns.

    Raises
    ------
    ConfigError, PreconditionError
        If a transformer cannot be made, or a group names what is no feature.
    DataError
        If a column has no value in these rows, values too large to be scaled, or is refused.
    """
    if settings.has_transformers and supervised is not None:
        from repro.training.declared_steps import column_steps  # noqa: PLC0415

        _check_values(features, (*numeric, *categorical))
        # A transformer may draw from the process's own generators, whatever was fitted before it.
        seed_global_generators(min(supervised.seeds.values(), default=0))
        with np.errstate(over="ignore", invalid="ignore"), warnings.catch_warnings():
            # What a library advises whoever wrote the step; that it converged is not asked of it.
            warnings.simplefilter("ignore")
            steps = column_steps(features, numeric, categorical, settings, supervised)
            return steps, steps.fit_transform(features, supervised.target)
    learned = fit_preprocessor(features, numeric, categorical, settings)
    return learned, to_matrix(learned, features)


def _check_values(features: pd.DataFrame, names: Sequence[str]) -> None:
    empty = [name for name in names if features[name].isna().all()]
    if empty:
        raise DataError(
            f"column '{empty[0]}' has no value in the {len(features)} training rows of this fit",
            advice="add it to features.drop, or use more data",
        )


def fit_preprocessor(
    features: pd.DataFrame,
    numeric: Sequence[str],
    categorical: Sequence[str],
    settings: Preprocessing,
) -> ColumnTransformer:
    """Fit imputing, clipping, scaling and one-hot encoding on training rows.

    Raises
    ------
    DataError
        If a column has no value in these rows, or values too large to be scaled.
    """
    _check_values(features, (*numeric, *categorical))
    steps = []
    wide = is_wide(features, categorical, settings.categorical)
    # Sparse at any share of zeros, since the width alone decides.
    form = {"sparse_threshold": float(wide)} if wide else {}
    if numeric:
        steps.append(("numeric", Pipeline(numeric_steps(settings.numeric)), list(numeric)))
    if categorical:
        encoding = Pipeline(categorical_steps(settings.categorical, sparse=wide))
        steps.append(("categorical", encoding, list(categorical)))
    if not steps:
        raise DataError("no feature is left to train on", advice="shorten features.drop")
    # What overflows is no number afterwards, and refused by ``to_matrix``.
    with np.errstate(over="ignore", invalid="ignore"):
        learned = ColumnTransformer(steps, **form).fit(features)
    if numeric:
        check_learned(learned.named_transformers_["numeric"], features, numeric)
    return learned


def to_matrix(preprocessor: ColumnTransformer | ColumnSteps, features: pd.DataFrame) -> Matrix:
    """Return the model's input, of shape (n_samples, n_encoded): C-contiguous, or sparse rows.

    Raises
    ------
    DataError
        If a number is too large for the preprocessing.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        matrix = plain_matrix(preprocessor.transform(features))
    if not isinstance(preprocessor, ColumnTransformer):
        return matrix
    numeric = next(
        (names for kind, _, names in preprocessor.transformers_ if kind == "numeric"), ()
    )
    check_finite(matrix, features, numeric)
    return matrix


def plain_matrix(encoded: object) -> Matrix:
    """Return what preprocessing gives in the one layout that models are fitted and predict in."""
    if issparse(encoded):
        rows: Matrix = canonical(encoded)
        return rows
    # Columns that are marked as categories are a table.
    if isinstance(encoded, pd.DataFrame):
        table: Any = encoded
        return table  # type: ignore[no-any-return]
    return np.ascontiguousarray(encoded, dtype=np.float64)


def numeric_steps(settings: NumericSteps) -> list[tuple[str, BaseEstimator]]:
    """Return the unfitted steps of numeric columns, by name."""
    steps: list[tuple[str, BaseEstimator]] = []
    if settings.impute != "none":
        indicator = {"add_indicator": True} if settings.missing_indicator else {}
        imputer = SimpleImputer(strategy=settings.impute, fill_value=settings.fill, **indicator)
        steps.append(("impute", imputer))
    if settings.clip_iqr is not None:
        steps.append(("clip", IQRClipper(settings.clip_iqr)))
    if settings.scale != "none":
        steps.append(("scale", _SCALERS[settings.scale]()))
    return steps


def categorical_steps(
    settings: CategoricalSteps, *, sparse: bool
) -> list[tuple[str, BaseEstimator]]:
    """Return the unfitted steps of categorical columns, by name."""
    rare, steps = settings.min_frequency, []
    if settings.impute != "none":
        imputer = SimpleImputer(strategy=settings.impute, fill_value=settings.fill)
        steps.append(("impute", imputer))
    if settings.encode == "onehot":
        encoder = OneHotEncoder(
            handle_unknown="ignore" if rare is None else "infrequent_if_exist",
            min_frequency=rare,
            sparse_output=sparse,
        )
    else:
        # A category that training has not seen is a missing value.
        encoder = OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=np.nan,
            encoded_missing_value=np.nan,
            min_frequency=rare,
        )
    return [*steps, ("encode", encoder)]
