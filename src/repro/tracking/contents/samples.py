"""Digests of samples and batches that arrive one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.digest.arrays import canonical_values
from repro.tracking.contents.leaves import Leaves

if TYPE_CHECKING:
    from collections.abc import Callable


class Samples:
    """A digest over samples in their order; the sizes of batches do not count.

    A sample is an array, a tensor, a scalar or text, or these in tuples, lists and dictionaries.

    Parameters
    ----------
    batched : bool
        Whether arrays have one row for each sample, and lists of scalars are rows, as in a batch;
        otherwise an array is a sample.
    digest : callable
        Digests a part of a sample that is of a different kind.

    Attributes
    ----------
    count : int
        Number of samples or batches so far.
    """

    def __init__(self, *, batched: bool, digest: Callable[[object], str]) -> None:
        self._batched = batched
        self._digest = digest
        self._leaves = Leaves()
        self.count = 0

    def add(self, sample: object) -> None:
        """Append a sample or a batch.

        Raises
        ------
        TypeError
            If a part of it has no digest.
        """
        self._walk("", sample)
        self.count += 1

    def digest(self) -> str:
        """Return the digest of everything so far, ``samples/v1:<hex>``."""
        return self._leaves.digest("samples")

    def _walk(self, path: str, value: Any) -> int:
        """Append a value, and return the number of its rows."""
        found = self._taken_apart(value)
        if found is None:
            return self._leaf(path, value)
        kind, parts = found
        counts = [self._walk(f"{path}{name}", part) for name, part in parts]
        rows = max(counts, default=1) if self._batched else 1
        # Which rows have which parts: without it a key could move from one row to the next.
        self._leaves.add(f"{path}()", kind, rows, b"")
        return rows

    def _taken_apart(self, value: Any) -> tuple[str, list[tuple[str, Any]]] | None:
        """Return what a value is and its parts by name; None for what is a row or a column."""
        if isinstance(value, Mapping):
            names = [repr(key) for key in value]
            return f"keys {names}", [(f".{key!r}", part) for key, part in value.items()]
        if isinstance(value, (list, tuple)) and not self._is_column(value):
            return str(len(value)), [(f"[{n}]", part) for n, part in enumerate(value)]
        return _columns_of(value) if self._batched else None

    def _is_column(self, value: list[Any] | tuple[Any, ...]) -> bool:
        """Return whether a list in a batch has one scalar for each sample."""
        scalars = isinstance(value, list) and not any(
            isinstance(part, (list, tuple, Mapping)) or hasattr(part, "shape") for part in value
        )
        return self._batched and scalars

    def _leaf(self, path: str, value: Any) -> int:
        array = as_array(value)
        if array is not None and array.dtype.kind in "biufcmM":
            return self._rows(path, array)
        if isinstance(value, list):
            parts = value
        elif self._batched and getattr(value, "ndim", False):
            parts = list(value) if array is None else array.tolist()
        else:
            parts = [value]
        for part in parts:
            self._one(path, part)
        return len(parts)

    def _rows(self, path: str, array: np.ndarray[Any, Any]) -> int:
        rows = array if self._batched and array.ndim else array[None]
        kind = f"{rows.dtype.newbyteorder('<').str} {rows.shape[1:]}"
        plain = np.ascontiguousarray(rows, dtype=rows.dtype.newbyteorder("<"))
        content = canonical_values(plain.reshape(-1)).view(np.uint8).data if plain.size else b""
        self._leaves.add(path, kind, len(rows), content)
        return len(rows)

    def _one(self, path: str, value: object) -> None:
        self._leaves.add(path, "value", 1, self._digest(value).encode())


def _columns_of(value: Any) -> tuple[str, list[tuple[str, Any]]] | None:
    """Return kind and columns of a batch that is a frame, masked or structured; else None."""
    if isinstance(value, np.ma.MaskedArray) and value.dtype.names is None:
        mask = np.ma.getmaskarray(value)
        return "masked", [(".data", masked_values(value)), (".mask", mask)]
    if isinstance(value, np.ndarray) and value.dtype.names is not None:
        return f"fields {value.dtype.names}", [(f".{n!r}", value[n]) for n in value.dtype.names]
    if any(str(own.__module__).partition(".")[0] == "pandas" for own in type(value).__mro__):
        from repro.tracking.contents.pandas import columns_of  # noqa: PLC0415 - it imports pandas

        return columns_of(value)
    return None


def masked_values(array: np.ma.MaskedArray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the values of a masked array, with zeros where they are masked."""
    values = np.array(array.data)
    values[np.ma.getmaskarray(array)] = np.zeros((), dtype=values.dtype)[()]
    return values


def as_array(value: Any) -> np.ndarray[Any, Any] | None:
    """Return an array or a tensor as a NumPy array without a copy where possible; else None."""
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, np.generic):
        return np.asarray(value)
    kinds = {str(own.__module__).partition(".")[0] for own in type(value).__mro__[:-1]}
    if "torch" in kinds and hasattr(value, "detach"):
        plain = value.detach().cpu().resolve_conj().resolve_neg()
        if str(plain.layout) == "torch.strided" and str(plain.dtype) != "torch.bfloat16":
            return np.asarray(plain.numpy())
    return None
