"""The baseline of drift: what later data is compared with."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from repro.core.model import Later, Record


class NumericBaseline(Record):
    """Inner bin edges of a feature in the training rows, and the share of rows in each bin."""

    kind: Literal["numeric"]
    edges: tuple[float, ...]
    shares: tuple[float, ...]
    missing: float


class CategoricalBaseline(Record):
    """The share of training rows in each category of a feature.

    Attributes
    ----------
    hashed : bool or None
        True where the categories are many: then ``shares`` has the SHA-256 of each in place of its
        name, since many categories may name persons.
    """

    kind: Literal["categorical"]
    shares: dict[str, float]
    missing: float
    hashed: bool | None = Later


Baseline = Annotated[NumericBaseline | CategoricalBaseline, Field(discriminator="kind")]


class DriftBaseline(Record):
    """``drift_baseline.json``: what later data is compared with."""

    schema_: Literal["repro.drift/v1"] = Field(alias="schema")
    rows: int
    epsilon: float
    warning: float
    alarm: float
    features: dict[str, Baseline]
