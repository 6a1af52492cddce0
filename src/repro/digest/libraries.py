"""States of objects of pandas, SciPy and scikit-learn, known once the library is loaded.

A recorded program may use one of them without the others, and an interpreter may lack some. An
object of a library exists only where the library is loaded, so nothing is imported for it.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from repro.digest.arrays import encode_shape
from repro.digest.names import qualified_name
from repro.digest.states import State, attributes_of, state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def register_loaded() -> None:
    """Register the states of each library that is loaded."""
    for name, register in _REGISTRARS.items():
        if name in sys.modules:
            register()


@cache
def _register_pandas() -> None:
    pd: Any = import_module("pandas")
    frames: Any = import_module("repro.digest.frames")

    def frame(value: Any) -> State:
        """Take a frame apart, with its class if that is a subclass."""
        kind = _kind("frame", value, pd.DataFrame)
        return State(kind, fixed=frames.digest_frame(value).encode())

    def series(value: Any) -> State:
        """Take a series apart, with its class if that is a subclass."""
        kind = _kind("series", value, pd.Series)
        return State(kind, fixed=frames.digest_series(value).encode())

    def index(value: Any) -> State:
        """Take an index apart."""
        return State("index", fixed=frames.digest_index(value).encode())

    def array(value: Any) -> State:
        """Take an array of an extension type apart."""
        return State("extension array", fixed=frames.digest_series(pd.Series(value)).encode())

    def dtype(value: Any) -> State:
        """Take an extension type apart."""
        return State("dtype", fixed=frames.digest_series(pd.Series([], dtype=value)).encode())

    extensions = pd.api.extensions
    state_of.register(pd.DataFrame, frame)
    state_of.register(pd.Series, series)
    state_of.register(pd.Index, index)
    state_of.register(extensions.ExtensionArray, array)
    state_of.register(extensions.ExtensionDtype, dtype)


@cache
def _register_scipy() -> None:
    sparse: Any = import_module("scipy.sparse")

    def matrix(value: Any) -> State:
        """Take a matrix apart: entries in one order and summed, however it was built."""
        rows = sparse.csr_array(value, copy=True)
        rows.sum_duplicates()
        indices = (rows.indptr.astype(np.int64), rows.indices.astype(np.int64))
        parts = [("indptr", indices[0]), ("indices", indices[1]), ("data", rows.data)]
        own = type(value).__module__.partition(".")[0] != "scipy"
        name = qualified_name(type(value)) if own else type(value).__name__
        return State(f"sparse {name}", parts, fixed=encode_shape(value.shape))

    state_of.register(sparse.spmatrix, matrix)
    state_of.register(sparse.sparray, matrix)


@cache
def _register_scikit_learn() -> None:
    base: Any = import_module("sklearn.base")

    def estimator(value: Any) -> State:
        """Take an estimator apart by its attributes."""
        return State(f"estimator {qualified_name(type(value))}", attributes_of(vars(value)))

    state_of.register(base.BaseEstimator, estimator)


def _kind(kind: str, value: object, plain: type) -> str:
    """Name the kind of a value, with its class where that is a subclass of the usual one."""
    return kind if type(value) is plain else f"{kind} {qualified_name(type(value))}"


_REGISTRARS: Final[Mapping[str, Callable[[], None]]] = {
    "pandas": _register_pandas,
    "scipy.sparse": _register_scipy,
    "sklearn.base": _register_scikit_learn,
}
