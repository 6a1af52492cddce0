"""The removal of outlier rows from what a fit learns from: how they are found."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from repro.core.model import Later, Record

_ISOLATION_FOREST = "sklearn.ensemble:IsolationForest"


class _Removal(Record):
    # All numeric features, unless some are named.
    columns: Annotated[tuple[str, ...], Field(min_length=1)] | None = Later

    @property
    def detector(self) -> tuple[str, dict[str, JsonValue]] | None:
        """The class that finds rows, and its parameters; None where fences do."""
        return None


class IqrRemoval(_Removal):
    """Remove rows with a value beyond the quartiles by a factor of their distance."""

    method: Literal["iqr"]
    factor: Annotated[float, Field(gt=0)]


class ZscoreRemoval(_Removal):
    """Remove rows with a value more than so many standard deviations from the mean."""

    method: Literal["zscore"]
    limit: Annotated[float, Field(gt=0)]


class ForestRemoval(_Removal):
    """Remove the rows that an isolation forest of scikit-learn finds."""

    method: Literal["isolation_forest"]
    params: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def detector(self) -> tuple[str, dict[str, JsonValue]]:
        """The class that finds rows, and its parameters."""
        return _ISOLATION_FOREST, self.params


class EstimatorRemoval(_Removal):
    """Remove the rows for which ``fit_predict`` of a class gives -1."""

    method: Literal["estimator"]
    estimator: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
    params: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def detector(self) -> tuple[str, dict[str, JsonValue]]:
        """The class that finds rows, and its parameters."""
        return self.estimator, self.params


AnyRemoval = IqrRemoval | ZscoreRemoval | ForestRemoval | EstimatorRemoval
Removal = Annotated[AnyRemoval, Field(discriminator="method")]
