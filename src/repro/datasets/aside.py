"""Columns that are ignored as features: rows may be split by them, and checks look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from repro.core.errors import ConfigError, DataError
from repro.core.suggest import did_you_mean
from repro.datasets.formats.interface import RefusedColumnsError
from repro.tables.cells import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.datasets.formats.interface import Body, Kind, RawTable
    from repro.datasets.roles import Roles


def read_aside(raw: RawTable, roles: Roles, needed: Sequence[str] = ()) -> pd.DataFrame:
    """Read the ignored columns, as numbers where every value is one, and otherwise as text.

    Parameters
    ----------
    raw : RawTable
    roles : Roles
    needed : sequence of str
        The columns that rows are split by; some may be features.

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
    for name in needed:
        if name not in known:
            raise ConfigError(
                f"split: {raw.label} has no column '{name}'", advice=did_you_mean(name, known)
            )
    columns: dict[str, pd.Series] = {}
    if not roles.ignored:
        return pd.DataFrame()
    for name, body in _bodies(raw, roles.ignored, needed):
        values = body.columns[name]
        columns[name] = pd.Series(values, dtype=np.float64 if values.dtype.kind == "f" else TEXT)
    return pd.DataFrame({name: columns[name] for name in roles.ignored if name in columns})


def _bodies(
    raw: RawTable, names: Sequence[str], needed: Sequence[str]
) -> Iterable[tuple[str, Body]]:
    """Return each column with a body that has it; all at once if all can be read."""
    try:
        body = _read(raw, names)
    except DataError:
        for name in names:
            try:
                yield name, _read(raw, [name])
            except DataError:
                if name in needed:
                    raise
        return
    yield from ((name, body) for name in names)


def _read(raw: RawTable, names: Sequence[str]) -> Body:
    kinds: dict[str, Kind] = {n: "text" if n in raw.text_columns else "number" for n in names}
    try:
        return raw.read(kinds)
    except RefusedColumnsError as error:
        return raw.read(kinds | dict.fromkeys(error.refusals, "text"))
