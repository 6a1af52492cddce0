"""Digests of SciPy's sparse matrices and arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from repro.core.canonical import TaggedHash
from repro.digest.arrays import digest_array, encode_shape


def digest_sparse(matrix: Any) -> str:
    """Return the digest of a sparse matrix or array, ``sparse/v1:<hex>``.

    Over shape, dtype, and the positions and values of all elements that are not 0.0. Layout, stored
    zeros and the order in which elements are stored do not count.

    Parameters
    ----------
    matrix : sparse matrix or array of shape (n_rows, n_columns) or (n_rows,)
    """
    whole = matrix.tocoo(copy=True)
    whole.sum_duplicates()
    kept = (whole.data != 0) | _is_negative_zero(whole.data)
    positions = np.stack([np.asarray(each, dtype=np.int64)[kept] for each in whole.coords])
    order = np.lexsort(positions[::-1])
    tagged = TaggedHash("sparse").add(encode_shape(tuple(whole.shape)))
    tagged.add(digest_array(positions[:, order]).encode())
    return tagged.add(digest_array(whole.data[kept][order]).encode()).digest()


def _is_negative_zero(values: np.ndarray[Any, Any]) -> Any:
    if values.dtype.kind != "f":
        return np.zeros(len(values), dtype=bool)
    return (values == 0) & np.signbit(values)
