"""Digests of sparse matrices: shape, and the entries that are kept, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from repro.core.canonical import TaggedHash
from repro.digest.arrays import digest_array, encode_shape


def digest_sparse(matrix: Any) -> str:
    """Return the digest of a sparse matrix, ``sparse/v1:<hex>``.

    Parameters
    ----------
    matrix : sparse matrix or array of shape (n_rows, n_columns)
        Of any layout.

    Returns
    -------
    str
        Equal for equal entries in any layout and any order of them; whether a zero is kept counts.

    Examples
    --------
    >>> eye = csr_matrix(np.eye(2))
    >>> digest_sparse(eye) == digest_sparse(eye.tocsc())
    True
    """
    rows = csr_matrix(matrix, copy=True)
    rows.sum_duplicates()
    tagged = TaggedHash("sparse").add(encode_shape(rows.shape))
    for part in (rows.indptr.astype(np.int64), rows.indices.astype(np.int64), rows.data):
        tagged.add(digest_array(part).encode())
    return tagged.digest()
