"""Weights of rows: the column that has them, and what they count in."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from repro.core.model import Record


class Weights(Record):
    """A column with the weight of each row, which is never a feature.

    Attributes
    ----------
    by : str
        A column of the data set, which may be an ignored one.
    metrics : bool
        Whether the metrics are weighted too, and not only the fits.
    """

    by: Annotated[str, Field(min_length=1)]
    metrics: bool
