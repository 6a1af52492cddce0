"""One dispatch over every kind of thing that has a digest.

A kind is added in one place: ``digest_artefact.register(Kind, function)`` beside it, or,
for the classes of an installed package, an entry point of the group ``repro.digests`` whose name is
the class (``package.module.Class``) and whose value is the function. The function returns
``<kind>/v<version>:<hex>``. An entry point is loaded only when a value of its class is digested.
"""

from __future__ import annotations

from functools import cache, singledispatch
from importlib.metadata import EntryPoint, entry_points

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator

from repro.digest.arrays import digest_array
from repro.digest.estimators import digest_estimator
from repro.digest.frames import digest_frame
from repro.digest.plain import digest_plain
from repro.digest.sparse import digest_sparse

GROUP = "repro.digests"


@singledispatch
def digest_artefact(value: object) -> str:
    """Digest a value by its kind; a container by what it holds.

    Raises
    ------
    TypeError, ValueError
        If it, or something in it, has no digest.
    """
    for kind in type(value).__mro__[:-1]:
        point = _installed().get(f"{kind.__module__}.{kind.__qualname__}")
        if point is not None and "." in kind.__module__:
            digest_artefact.register(kind, point.load())
            return digest_artefact(value)
    if _is_estimator(value):
        return digest_estimator(value)
    return digest_plain(value, digest_artefact)


def _is_estimator(value: object) -> bool:
    """Return whether a value is an estimator by its methods, whatever it is derived from."""
    methods = ("fit", "predict", "get_params")
    return not isinstance(value, type) and all(hasattr(value, name) for name in methods)


@cache
def _installed() -> dict[str, EntryPoint]:
    # Once: every look-up reads a file of each installed distribution. The first of a name counts.
    return {point.name: point for point in reversed(tuple(entry_points(group=GROUP)))}


digest_artefact.register(pd.DataFrame, digest_frame)
digest_artefact.register(np.ndarray, digest_array)
digest_artefact.register(BaseEstimator, digest_estimator)
digest_artefact.register(csr_matrix, digest_sparse)
