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

    def _walk(self, path: str, value: Any) -> None:
        if isinstance(value, Mapping):
            for key, part in value.items():
                self._walk(f"{path}.{key!r}", part)
        elif isinstance(value, (list, tuple)) and not self._is_column(value):
            self._leaves.add(f"{path}()", f"{len(value)}", 1, b"") if not self._batched else None
            for position, part in enumerate(value):
                self._walk(f"{path}[{position}]", part)
        else:
            self._leaf(path, value)

    def _is_column(self, value: list[Any] | tuple[Any, ...]) -> bool:
        """Return whether a list in a batch has one scalar for each sample."""
        scalars = isinstance(value, list) and not any(
            isinstance(part, (list, tuple, Mapping)) or hasattr(part, "shape") for part in value
        )
        return self._batched and scalars

    def _leaf(self, path: str, value: Any) -> None:
        array = as_array(value)
        if array is not None and array.dtype.kind in "biufcmM":
            self._rows(path, array)
        elif isinstance(value, list):
            for part in value:
                self._one(path, part)
        elif self._batched and getattr(value, "ndim", False):
            for part in value if array is None else array.tolist():
                self._one(path, part)
        else:
            self._one(path, value)

    def _rows(self, path: str, array: np.ndarray[Any, Any]) -> None:
        rows = array if self._batched and array.ndim else array[None]
        kind = f"{rows.dtype.newbyteorder('<').str} {rows.shape[1:]}"
        plain = np.ascontiguousarray(rows, dtype=rows.dtype.newbyteorder("<"))
        content = canonical_values(plain.reshape(-1)).view(np.uint8).data if plain.size else b""
        self._leaves.add(path, kind, len(rows), content)

    def _one(self, path: str, value: object) -> None:
        self._leaves.add(path, "value", 1, self._digest(value).encode())


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
