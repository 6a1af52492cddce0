"""Ignored columns: rows may be split or weighted by them, and checks look at them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from repro.core.errors import ConfigError, DataError
from repro.core.suggest import did_you_mean
from repro.datasets.formats.interface import RefusedColumnsError
from repro.datasets.formats.typed import TypedTable
from repro.tables.cells import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from repro.datasets.formats.interface import Array, Body, Kind, RawTable
    from repro.datasets.roles import Roles
    from repro.tables.cells import Cells


def read_aside(raw: RawTable, roles: Roles, needed: Mapping[str, str]) -> pd.DataFrame:
    """Read the ignored columns, as numbers where every value is one, and otherwise as text.

    Dates that a file has as such are text too, as ISO 8601 has them.

    Parameters
    ----------
    raw : RawTable
    roles : Roles
    needed : mapping of str to str
        The columns that rows are split or weighted by, each with the key that names it; some may
        be features.

    Returns
    -------
    DataFrame of shape (n_samples, n_columns)
        Without those that are neither numbers nor text.

    Raises
    ------
    ConfigError
        If a needed column does not exist.
    DataError
        If a needed column is neither numbers nor text.
    """
    known = (*roles.features, *roles.ignored)
    for name, key in needed.items():
        if name not in known:
            raise ConfigError(
                f"{key}: {raw.label} has no column '{name}'",
                advice=did_you_mean(name, known),
            )
    read = dict(_columns(raw, roles.ignored, needed))
    series = {
        name: pd.Series(values, dtype=np.float64 if values.dtype.kind == "f" else TEXT)
        for name, values in read.items()
    }
    return pd.DataFrame(series)


def _columns(
    raw: RawTable, names: Sequence[str], needed: Mapping[str, str]
) -> Iterator[tuple[str, Array]]:
    """Yield each column that can be read; all are read at once if nothing is refused."""
    if not names:
        return
    try:
        yield from _read(raw, names).columns.items()
    except DataError:
        for name in names:
            try:
                yield name, _alone(raw, name)
            except DataError:
                if name in needed:
                    raise


def _read(raw: RawTable, names: Sequence[str]) -> Body:
    kinds: dict[str, Kind] = {n: "text" if n in raw.text_columns else "number" for n in names}
    try:
        return raw.read(kinds)
    except RefusedColumnsError as error:
        return raw.read(kinds | dict.fromkeys(error.refusals, "text"))


def _alone(raw: RawTable, name: str) -> Array:
    try:
        return _read(raw, [name]).columns[name]
    except RefusedColumnsError:
        dates = _dates(raw.column(name)) if isinstance(raw, TypedTable) else None
        if dates is None:
            raise
        return dates


def _dates(cells: Cells) -> Array | None:
    """Return the text of instants or days; None if a value is neither."""
    values = cells.values
    if values.dtype.kind == "M":
        texts = np.datetime_as_string(values).astype(object)
    elif all(isinstance(value, date) for value in values[~cells.absent]):
        texts = np.array([str(value) for value in values], dtype=object)
    else:
        return None
    texts[cells.absent] = None
    return texts
