"""Digests of estimators: parameters and fitted state, walked canonically, never pickled.

A pickle of the same fitted estimator differs from environment to environment: it holds the number
of threads, timings, counters of queries, padding, and which strings were one object.
"""

from __future__ import annotations

from typing import Final

from repro.core.canonical import TaggedHash
from repro.digest.libraries import register_loaded
from repro.digest.scalars import encode_scalar
from repro.digest.states import State, state_of

_ACYCLIC: Final = 1 << 62


def digest_estimator(estimator: object) -> str:
    """Return the digest of an estimator, ``estimator/v1:<hex>``.

    Parameters
    ----------
    estimator : BaseEstimator or object
        Fitted or not. Anything inside it counts as what it holds: an object shared by two
        attributes and two equal copies are the same content, and cycles are allowed.

    Returns
    -------
    str
        Over the names of types, every parameter and all fitted state; without workers, verbosity,
        timings and caches (``repro.digest.states.LEFT_OUT``). A function counts by its name.

    Raises
    ------
    TypeError
        If something in it has no canonical form; says which attribute.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> digest_estimator(Ridge(alpha=0.5)) == digest_estimator(Ridge(alpha=1.0))
    False
    """
    register_loaded()
    try:
        encoded = _Walk().encode("", estimator)
    except RecursionError as error:
        kind = type(estimator).__name__
        raise TypeError(f"{kind} has no digest: it is nested too deeply.") from error
    return TaggedHash("estimator").add(encoded).digest()


class _Walk:
    """One walk through one object.

    Every object becomes a hash over its parts' encodings, so that what does not order its parts can
    sort them. The hash of an object is kept for its next appearance, unless a cycle passes through
    it: then what it looks like depends on where the walk came from.
    """

    def __init__(self) -> None:
        # The objects are kept as well: a temporary one's address could be reused for the next one.
        self._known: dict[int, tuple[object, bytes]] = {}
        self._open: dict[int, int] = {}
        self._path: list[str] = []
        self._reached = _ACYCLIC

    def encode(self, label: str, value: object) -> bytes:
        """Encode a value: a scalar as itself, anything else as the hash of its state."""
        scalar = encode_scalar(value)
        if scalar is not None:
            return scalar
        known = self._known.get(id(value))
        if known is not None:
            return known[1]
        if id(value) in self._open:
            return self._encode_cycle(value)
        return self._encode_state(label, value)

    def _encode_cycle(self, value: object) -> bytes:
        """Say how many levels up the value is."""
        level = self._open[id(value)]
        self._reached = min(self._reached, level)
        return b"^%d" % (len(self._open) - level)

    def _encode_state(self, label: str, value: object) -> bytes:
        outside, self._reached = self._reached, _ACYCLIC
        self._open[id(value)] = len(self._open)
        self._path.append(label)
        encoded = b"#" + self._hash(self._take_apart(value))
        self._path.pop()
        del self._open[id(value)]
        if self._reached == _ACYCLIC:
            self._known[id(value)] = (value, encoded)
        self._reached = min(self._reached, outside)
        return encoded

    def _take_apart(self, value: object) -> State:
        try:
            return state_of(value)
        except TypeError as error:
            place = "".join(self._path).removeprefix(".") or "It"
            kind = type(value).__name__
            raise TypeError(f"{place}, of type {kind}, has no digest: {error}") from error

    def _hash(self, state: State) -> bytes:
        tagged = TaggedHash(state.kind).add(state.fixed)
        if state.ordered:
            for label, part in state.parts:
                tagged.add(label.encode()).add(self.encode(label, part))
        else:
            for encoded in sorted(self.encode(label, part) for label, part in state.parts):
                tagged.add(encoded)
        return tagged.digest().rpartition(":")[2].encode()
