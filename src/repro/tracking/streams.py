"""Data that can be read only once, digested while the program reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from repro.tracking.contents.kinds import digest_part
from repro.tracking.contents.samples import Samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Stream:
    """An iterator over the same items, which digests each of them before it is handed on.

    Parameters
    ----------
    items : iterator
    finished : callable
        Receives the digest and the number of items when the last one was read.
    """

    def __init__(self, items: Iterator[Any], finished: Callable[[str, int], object]) -> None:
        self._items = items
        self._finished: Callable[[str, int], object] | None = finished
        self._samples = Samples(batched=True, digest=digest_part)

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> Any:
        """Return the next item.

        Raises
        ------
        TrackingError
            If an item has no digest.
        """
        try:
            item = next(self._items)
        except StopIteration:
            if self._finished is not None:
                self._finished(self._samples.digest(), self._samples.count)
                self._finished = None
            raise
        self._samples.add(item)
        return item

    @property
    def count(self) -> int:
        """Number of items that were read so far."""
        return self._samples.count
