"""Columns beside the features that checks of a split look at: groups of rows, and times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from repro.config.splits import Split

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repro.config.experiment import ExperimentConfig

# A date of ISO 8601 in full, such as 2024-03-31 or 2024-03-31T12:00.
_DATE = r"\d{4}-\d{2}-\d{2}.*"
# Fewer different dates do not order rows: they are categories such as the day of an export.
_DATES = 30


@dataclass(frozen=True)
class Aside:
    """Columns that no model sees, and columns of dates.

    Attributes
    ----------
    columns : DataFrame of shape (n_samples, n_columns)
        Ignored and dropped columns, without those that rows are split or weighted by.
    dates : tuple of str
        Columns whose values are dates, if rows are drawn at random.
    """

    columns: pd.DataFrame
    dates: tuple[str, ...]


def aside_of(
    config: ExperimentConfig, features: pd.DataFrame, ignored: pd.DataFrame | None
) -> Aside | None:
    """Return what there is to look at beside the features; None if there is nothing.

    Parameters
    ----------
    config : ExperimentConfig
    features : DataFrame of shape (n_samples, n_features)
        As the data set declares them.
    ignored : DataFrame of shape (n_samples, n_ignored), or None
    """
    known = features if ignored is None else features.join(ignored)
    beside = [*(() if ignored is None else ignored.columns), *config.left_out]
    kept = [n for n in known.columns if n in beside and n not in config.row_columns]
    dates = tuple(_dates(known)) if isinstance(config.split, Split) else ()
    return Aside(known[kept], dates) if kept or dates else None


def _dates(frame: pd.DataFrame) -> Iterable[str]:
    for name in frame.columns:
        if frame[name].dtype != np.float64:
            values = pd.Series(frame[name].dropna().unique(), dtype=object)
            if len(values) >= _DATES and values.str.fullmatch(_DATE).all():
                parsed = pd.to_datetime(values, format="ISO8601", errors="coerce", utc=True)
                if parsed.notna().all():
                    yield str(name)
