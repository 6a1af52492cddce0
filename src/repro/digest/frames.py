"""Digests of pandas objects: labels, logical dtypes, values, missing values, index.

The dtype that counts is the logical one, so that pandas 2.3 and 3 agree. Text is one dtype whatever
its storage and its missing sentinel. A plain object column stays one, but an index, column labels
and categories that hold only strings are text: before pandas 3 they could hardly be anything else.
"""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from repro.core.canonical import TaggedHash
from repro.digest.arrays import canonical_values, digest_array
from repro.digest.names import zone_name

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import numpy.typing as npt

_MASKED: Final = (
    pd.BooleanDtype,
    *(pd.Int8Dtype, pd.Int16Dtype, pd.Int32Dtype, pd.Int64Dtype),
    *(pd.UInt8Dtype, pd.UInt16Dtype, pd.UInt32Dtype, pd.UInt64Dtype),
    *(pd.Float32Dtype, pd.Float64Dtype),
)
# Columns by which rows are sorted before it is seen which of them tie.
_SORTED_AT_ONCE: Final = 4


def digest_frame(frame: pd.DataFrame) -> str:
    """Return the digest of a frame, ``frame/v1:<hex>``.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Labels may be repeated: columns count by position.

    Returns
    -------
    str
        Over column labels, each column's dtype, values and missing values, and the index with its
        names. ``attrs``, flags and an index's ``freq`` do not count.

    Raises
    ------
    TypeError
        If it is not a frame, or a column's dtype or element has no canonical form; sparse,
        Arrow-typed other than text, and extension types of other packages are such.

    Examples
    --------
    >>> plain = pd.DataFrame({"a": [1.5, 2.5]})
    >>> digest_frame(plain) == digest_frame(plain.set_index(pd.Index([0, 1])))
    True
    """
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"Expected a pandas DataFrame, not {type(frame).__name__}.")
    tagged = TaggedHash("frame").add(digest_index(frame.columns).encode())
    for position, label in enumerate(frame.columns):
        tagged.add(_named_values(frame.iloc[:, position], label).encode())
    return tagged.add(digest_index(frame.index).encode()).digest()


def digest_rows(frame: pd.DataFrame) -> str:
    """Return the digest of a frame's rows in any order, ``rows/v1:<hex>``.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Of numbers, booleans and text.

    Returns
    -------
    str
        Over column labels, dtypes, and each row as often as it occurs. Neither the order of the
        rows nor the index counts; the order of the columns does.

    Raises
    ------
    TypeError
        As ``digest_frame``, or if a column's values cannot be sorted.

    Notes
    -----
    The rows are brought into the order of their bytes, and that frame is digested whole: the digest
    is as hard to forge as that of a frame, which a sum of the rows' hashes is not.

    Examples
    --------
    >>> plain = pd.DataFrame({"a": [1.5, 2.5], "b": ["x", "y"]})
    >>> digest_rows(plain) == digest_rows(plain[::-1])
    True
    """
    return TaggedHash("rows").add(_digest_ordered(frame, _row_order(frame)).encode()).digest()


def _digest_ordered(frame: pd.DataFrame, order: npt.NDArray[np.intp]) -> str:
    """Return the digest of a frame's rows in an order, numbered from 0, a column at a time."""
    tagged = TaggedHash("frame").add(digest_index(frame.columns).encode())
    for position, label in enumerate(frame.columns):
        tagged.add(_named_values(frame.iloc[:, position].iloc[order], label).encode())
    return tagged.add(digest_index(pd.RangeIndex(len(order))).encode()).digest()


def _row_order(frame: pd.DataFrame) -> npt.NDArray[np.intp]:
    """Return the rows in the order of their bytes, equal ones as they stand.

    Some columns at a time, as one text of bytes: a sort by every column takes ten times as long,
    and all columns at once need as much memory as the frame. Rows that no other row ties with
    have their place, so that the first columns are mostly enough.
    """
    for position in range(frame.shape[1]):
        _check_sortable(frame.iloc[:, position])
    order = np.arange(len(frame))
    tied, group = order.copy(), np.zeros(len(frame), dtype="<u8")
    for first in range(0, frame.shape[1], _SORTED_AT_ONCE):
        if not len(tied):
            break
        some = range(first, min(first + _SORTED_AT_ONCE, frame.shape[1]))
        rows = order[tied]
        keys = np.empty((len(tied), 1 + len(some)), dtype="<u8")
        # Groups are in the order of their numbers, values in that of their little-endian bytes.
        keys[:, 0] = group.byteswap()
        for number, position in enumerate(some, start=1):
            keys[:, number] = _sortable(frame.iloc[:, position])[rows]
        texts = keys.view(f"S{8 * keys.shape[1]}").ravel()
        sort = np.argsort(texts, kind="stable")
        order[tied] = rows[sort]
        texts = texts[sort]
        starts = np.r_[True, texts[1:] != texts[:-1]]
        alone = starts & np.r_[starts[1:], True]
        group = np.cumsum(starts)[~alone].astype("<u8")
        tied = tied[~alone]
    return order


def _check_sortable(series: pd.Series[Any]) -> None:
    plain = isinstance(series.dtype, np.dtype) and series.dtype.kind in "biuf"
    if not plain and not isinstance(series.dtype, pd.StringDtype):
        raise TypeError(f"Column {series.name!r}: values of dtype {series.dtype} have no order.")


def _sortable(series: pd.Series[Any]) -> npt.NDArray[Any]:
    """Return eight bytes for each value, the same for the same value, whatever its row."""
    values: npt.NDArray[Any]
    if isinstance(series.dtype, np.dtype):
        values = canonical_values(series.to_numpy())
        values = values.view(f"u{values.itemsize}")
    else:
        # The position among the distinct values, sorted by code point; missing ones come last. Not
        # by pandas.factorize, which before pandas 3 ends a text at its first NUL.
        texts = {text for text in series if isinstance(text, str)}
        places = {text: place for place, text in enumerate(sorted(texts))}
        values = np.array([places.get(text, -1) for text in series], dtype=np.int64)
    return values.astype("<u8")


def digest_series(series: pd.Series[Any]) -> str:
    """Return the digest of a series, ``series/v1:<hex>``, over its name, values and index.

    Raises
    ------
    TypeError
        If it is not a series, or its dtype or an element has no canonical form.
    """
    if not isinstance(series, pd.Series):
        raise TypeError(f"Expected a pandas Series, not {type(series).__name__}.")
    tagged = TaggedHash("series").add(_digest_names([series.name]).encode())
    tagged.add(_named_values(series, series.name).encode())
    return tagged.add(digest_index(series.index).encode()).digest()


def digest_index(index: pd.Index[Any]) -> str:
    """Return the digest of an index, ``index/v1:<hex>``, over its levels' names and values.

    A ``RangeIndex`` counts as the integers it stands for.

    Raises
    ------
    TypeError
        If a level's dtype or a value has no canonical form.
    """
    tagged = TaggedHash("index").add(_digest_names(index.names).encode())
    for level in range(index.nlevels):
        tagged.add(_digest_labels(index.get_level_values(level)).encode())
    return tagged.digest()


def _named_values(series: pd.Series[Any], label: Hashable) -> str:
    try:
        return _digest_values(series.dtype, series)
    except TypeError as error:
        raise TypeError(f"Column {label!r}: {error}") from error


def _digest_names(names: Sequence[Hashable]) -> str:
    return digest_array(np.fromiter(names, dtype=object, count=len(names)))


def _digest_labels(labels: pd.Index[Any]) -> str:
    if labels.dtype == object and infer_dtype(labels, skipna=True) in {"string", "empty"}:
        return _digest_text(labels)
    return _digest_values(labels.dtype, labels)


def _digest_text(values: pd.Series[Any] | pd.Index[Any]) -> str:
    missing = np.asarray(values.isna())
    text = values.to_numpy(dtype=object)
    if missing.any():
        text = np.where(missing, "", text)
    lengths = np.fromiter(map(len, text), dtype=np.int64, count=len(text))
    # One encoding of all the text at once is several times faster than one for each value.
    joined = "".join(text).encode("utf-8", "surrogatepass")
    parts = (digest_array(missing).encode(), digest_array(lengths).encode(), joined)
    return _digest_parts("text", parts)


def _digest_parts(dtype: str, parts: Sequence[bytes]) -> str:
    tagged = TaggedHash("values").add(dtype.encode())
    for part in parts:
        tagged.add(part)
    return tagged.digest()


@singledispatch
def _digest_values(dtype: object, values: Any) -> str:
    """Digest the values of a series or an index by the kind of its dtype."""
    del values
    raise TypeError(f"values of dtype {dtype} have no digest.")


@_digest_values.register
def _(dtype: np.dtype, values: Any) -> str:
    return digest_array(values.to_numpy(dtype=dtype))


@_digest_values.register
def _(dtype: pd.StringDtype, values: Any) -> str:
    del dtype
    return _digest_text(values)


@_digest_values.register
def _(dtype: pd.ArrowDtype, values: Any) -> str:
    if dtype.kind != "U":
        raise TypeError(f"values of dtype {dtype} have no digest.")
    return _digest_text(values)


@_digest_values.register
def _(dtype: pd.CategoricalDtype, values: Any) -> str:
    array = values.array
    # Their width depends on how many categories there are, which counts already.
    codes = digest_array(array.codes.astype(np.int64))
    categories = _digest_labels(dtype.categories)
    return _digest_parts(f"category,{bool(dtype.ordered)}", (categories.encode(), codes.encode()))


@_digest_values.register
def _(dtype: pd.DatetimeTZDtype, values: Any) -> str:
    instants = np.asarray(values.array.asi8).view(f"M8[{dtype.unit}]")
    name = f"datetime64[{dtype.unit}, {zone_name(dtype.tz)}]"
    return _digest_parts(name, (digest_array(instants).encode(),))


@_digest_values.register
def _(dtype: pd.PeriodDtype, values: Any) -> str:
    return _digest_parts(str(dtype), (digest_array(np.asarray(values.array.asi8)).encode(),))


@_digest_values.register
def _(dtype: pd.IntervalDtype, values: Any) -> str:
    ends = (values.array.left, values.array.right)
    return _digest_parts(f"interval,{dtype.closed}", [_digest_labels(end).encode() for end in ends])


def _digest_masked(dtype: Any, values: Any) -> str:
    array = values.array
    numbers = array.to_numpy(dtype=dtype.numpy_dtype, na_value=dtype.type(0))
    missing = np.asarray(array.isna())
    if numbers.dtype.kind == "f":
        # pandas 3 takes NaN for NA; before, the two could stand side by side.
        missing = missing | np.isnan(numbers)
        numbers = np.where(missing, dtype.type(0), numbers)
    parts = (digest_array(numbers).encode(), digest_array(missing).encode())
    return _digest_parts(dtype.name, parts)


for _masked in _MASKED:
    _digest_values.register(_masked, _digest_masked)
