"""The state of an object that counts: its kind and its parts, without anything accidental.

Workers, verbosity, timings and caches are left out, since no result depends on them and each
changes from machine to machine. A class or a function counts by its package and name, because
libraries move things between their private modules.

Objects of pandas, SciPy and scikit-learn are in ``repro.digest.libraries``.
"""

from __future__ import annotations

import copyreg
from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from functools import singledispatch
from types import BuiltinFunctionType, FunctionType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from repro.digest.arrays import PLAIN_ARRAYS, digest_array, encode_shape
from repro.digest.boosters import RUNNING, catboost_model, lightgbm_trees, xgboost_model
from repro.digest.names import qualified_name, zone_name
from repro.digest.tensors import digest_tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Of scikit-learn, LightGBM and XGBoost.
_WORKERS: Final = frozenset(
    {"n_jobs", "n_threads", "_n_threads", "num_threads", "nthread", "pre_dispatch"}
)
_VERBOSITY: Final = frozenset({"verbose", "verbosity", "verbose_interval"})
_TIMINGS: Final = frozenset(
    {"refit_time_", "_init_prev_time", "_iter_prev_time"}
    | {f"{moment}_{part}_time" for moment in ("mean", "std") for part in ("fit", "score")}
    | {f"total_{part}_time" for part in ("find_split", "compute_hist", "apply_split")}
)
# The last is an address in memory.
_CACHES: Final = frozenset({"memory", "_cached_dict", "_stop_words_id"})
LEFT_OUT: Final = _WORKERS | _VERBOSITY | _TIMINGS | _CACHES
"""Names of attributes that never count."""

# Attributes that hold a dictionary whose keys are such names too: the keyword arguments of a
# LightGBM estimator, and the columns of a search's results.
_HELD_NAMES: Final = frozenset({"_other_params", "cv_results_"})


@dataclass(frozen=True, slots=True)
class State:
    """The part of an object that counts.

    Attributes
    ----------
    kind : str
        What the object is, with its type's name where several types share a kind.
    parts : sequence of (str, object)
        Each part's label, which counts too, and the part.
    fixed : bytes
        What needs no walking.
    ordered : bool
        Whether the order of the parts counts; if not, their labels do not either.
    """

    kind: str
    parts: Sequence[tuple[str, object]] = ()
    fixed: bytes = b""
    ordered: bool = True


@singledispatch
def state_of(value: object) -> State:
    """Take an object apart.

    Raises
    ------
    TypeError
        If it does not say what its state is, such as an open file, a lock or a generator.
    """
    for kind in type(value).__mro__:
        # Of some extension types it is the descriptor of a slot.
        package = str(kind.__module__).partition(".")[0]
        take_apart = _OPTIONAL.get(f"{package}.{kind.__qualname__}")
        if take_apart:
            return take_apart(value)
    return _reduced(value)


@state_of.register(list)
@state_of.register(tuple)
def _(value: Sequence[object]) -> State:
    parts = _numbered(value)
    fields = getattr(value, "_fields", None)
    if isinstance(value, tuple) and isinstance(fields, tuple):
        # Two classes of named tuples may share a name, and then it is the fields that differ.
        parts = [(f".{name}", part) for name, part in zip(fields, value, strict=True)]
    return _extended(value, f"sequence {qualified_name(type(value))}", parts)


@state_of.register
def _(value: dict) -> State:  # type: ignore[type-arg]
    pairs = [(f"[{key!r}]", pair) for pair in value.items() for key in pair[:1]]
    kind = f"mapping {qualified_name(type(value))}"
    return _extended(value, kind, pairs, ordered=False)


@state_of.register(set)
@state_of.register(frozenset)
def _(value: set[object]) -> State:
    kind = f"set {qualified_name(type(value))}"
    return _extended(value, kind, _numbered(list(value)), ordered=False)


@state_of.register
def _(value: bytearray) -> State:
    return State("bytearray", fixed=bytes(value))


@state_of.register
def _(value: slice) -> State:
    return State("slice", _numbered((value.start, value.stop, value.step)))


@state_of.register
def _(value: Enum) -> State:
    parts = [("value", value.value)]
    return State(f"enum {qualified_name(type(value))}", parts, fixed=value.name.encode())


@state_of.register(type)
@state_of.register(FunctionType)
@state_of.register(np.ufunc)
def _(value: object) -> State:
    return State("name", fixed=qualified_name(value).encode())


@state_of.register
def _(value: BuiltinFunctionType) -> State:
    # A method of a built-in object has the object; a function of a module has the module, or None.
    owner = value.__self__
    if owner is None or type(owner).__name__ == "module":
        return State("name", fixed=qualified_name(value).encode())
    return State("method", [("__self__", owner)], fixed=value.__name__.encode())


@state_of.register
def _(value: np.ndarray) -> State:
    # Of a subclass: what it adds. The attributes of a mapped file say where it lies.
    plain = type(value) in PLAIN_ARRAYS
    own = [] if plain else attributes_of(getattr(value, "__dict__", {}))
    if value.dtype.kind == "O":
        # The elements may be anything, such as the trees of gradient boosting.
        kind = "objects" if plain else f"objects {qualified_name(type(value))}"
        parts = [*_numbered(list(value.flat)), *own]
        return State(kind, parts, fixed=encode_shape(value.shape))
    return State("array", own, fixed=digest_array(value).encode())


@state_of.register
def _(value: np.ma.MaskedArray) -> State:
    mask = np.ma.getmaskarray(value)
    data = np.where(mask, np.zeros((), dtype=value.dtype), value.data)
    return State("masked", [("data", data), ("mask", mask)])


@state_of.register
def _(value: np.generic) -> State:
    return State("array", fixed=digest_array(np.asarray(value)).encode())


@state_of.register
def _(value: np.dtype) -> State:
    return State("dtype", fixed=digest_array(np.empty(0, dtype=value)).encode())


@state_of.register
def _(value: np.random.RandomState) -> State:
    if value is np.random.mtrand._rand:  # noqa: SLF001
        # The process's own generator: the next draw from it would change the digest.
        return State("global random state")
    return State("random state", [("state", value.get_state(legacy=False))])


@state_of.register
def _(value: np.random.Generator) -> State:
    return State("generator", [("bit_generator", value.bit_generator)])


@state_of.register
def _(value: np.random.BitGenerator) -> State:
    return State("bit generator", [("state", value.state)])


def _neighbours(value: Any) -> State:
    """Take apart a k-d or ball tree: every query changes the counters in the state's middle."""
    state = value.__getstate__()
    counters = slice(7, 11)
    parts = [*state[: counters.start], *state[counters.stop :]]
    return State(f"tree {qualified_name(type(value))}", _numbered(parts))


def _lightgbm(value: Any) -> State:
    """Take a LightGBM booster apart; the parameters of training are its estimator's attributes."""
    trees, categories = lightgbm_trees(value)
    # No best iteration is spelled 0, and -1 after a copy.
    best = max(value.best_iteration, 0)
    parts = [("best_iteration", best), ("pandas_categorical", categories)]
    return State("booster", parts, fixed=trees)


def _xgboost(value: Any) -> State:
    return State("xgboost booster", fixed=xgboost_model(value))


def _xgboost_estimator(value: Any) -> State:
    """Take an estimator of XGBoost apart, without the scores of its validation rows."""
    held = {name: each for name, each in vars(value).items() if name != "evals_result_"}
    return State(f"object {qualified_name(type(value))}", attributes_of(held))


def _catboost(value: Any) -> State:
    given = {name: each for name, each in value.get_params().items() if name not in RUNNING}
    content = catboost_model(value) if value.is_fitted() else b""
    parts = [("params", given)]
    return State(f"object {qualified_name(type(value))}", parts, fixed=content)


def _tensor(value: Any) -> State:
    """Take a tensor of PyTorch apart by its values."""
    return State("tensor", fixed=digest_tensor(value).encode())


def _zone(value: Any) -> State:
    """Take a time zone apart by its name: what it holds is a path and a table of this machine."""
    return State("zone", fixed=zone_name(value).encode())


# By name: these libraries may be absent, and are slow to import.
_OPTIONAL: Final[Mapping[str, Callable[[Any], State]]] = {
    "sklearn.BinaryTree64": _neighbours,
    "sklearn.BinaryTree32": _neighbours,
    "lightgbm.Booster": _lightgbm,
    "xgboost.Booster": _xgboost,
    "xgboost.XGBModel": _xgboost_estimator,
    "catboost.CatBoost": _catboost,
    "torch.Tensor": _tensor,
    "dateutil.tzfile": _zone,
    "dateutil.tzlocal": _zone,
}


def _reduced(value: object) -> State:
    """Take an object apart as ``copy`` and ``pickle`` do, without either."""
    kind = type(value)
    reducer = copyreg.dispatch_table.get(kind)
    reduced: Any = reducer(value) if reducer else value.__reduce_ex__(4)
    if isinstance(reduced, str):
        # A function of an extension module, whose type may be named after its compiler's version.
        named = hasattr(value, "__name__")
        return State("name", fixed=(qualified_name(value) if named else reduced).encode())
    constructor, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
    parts = [("constructor", constructor), *_numbered(arguments)]
    parts += _state_parts(state)
    parts += [("items", list(items))] if items else []
    parts += [("pairs", dict(pairs))] if pairs else []
    return State(f"object {qualified_name(kind)}", parts)


def _state_parts(state: object) -> list[tuple[str, object]]:
    if isinstance(state, dict):
        return attributes_of(state)
    if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict):
        # What a class with slots gives: its dictionary, if it has one, and its slots.
        return [*_state_parts(state[0]), *attributes_of(state[1])]
    return [("state", state)]


def attributes_of(attributes: Mapping[str, object]) -> list[tuple[str, object]]:
    """Return the attributes that count, sorted, each with its label."""
    counted = _without_left_out(attributes)
    for name in _HELD_NAMES & counted.keys():
        held = counted[name]
        counted[name] = _without_left_out(held) if isinstance(held, dict) else held
    return [(f".{name}", value) for name, value in sorted(counted.items())]


def _without_left_out(named: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in named.items() if name not in LEFT_OUT}


def _extended(
    value: object, kind: str, parts: Sequence[tuple[str, object]], *, ordered: bool = True
) -> State:
    """Take a container apart, and what its class adds to it: attributes, or a default factory."""
    own = dict(getattr(value, "__dict__", {}))
    if isinstance(value, defaultdict):
        own["default_factory"] = value.default_factory
    held = State(kind, parts, ordered=ordered)
    return State(f"extended {kind}", [("held", held), *attributes_of(own)]) if own else held


def _numbered(values: Sequence[object]) -> list[tuple[str, object]]:
    return [(f"[{position}]", value) for position, value in enumerate(values)]
