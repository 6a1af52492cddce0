"""Digests of columns whose rows arrive in blocks, however they are cut into blocks."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from repro.core.canonical import TaggedHash

if TYPE_CHECKING:
    from collections.abc import Iterable


class _Leaf:
    """A column: its current kind, the number of rows of each kind in turn, and all bytes."""

    def __init__(self) -> None:
        self.runs: list[tuple[str, int]] = []
        self.bytes = hashlib.sha256()

    def add(self, kind: str, rows: int, content: bytes | memoryview) -> None:
        """Append a block of rows."""
        if self.runs and self.runs[-1][0] == kind:
            self.runs[-1] = (kind, self.runs[-1][1] + rows)
        else:
            self.runs.append((kind, rows))
        self.bytes.update(content)


class Leaves:
    """The columns of a table or of nested samples, by path, in the order of their first rows."""

    def __init__(self) -> None:
        self._leaves: dict[str, _Leaf] = {}

    def add(self, path: str, kind: str, rows: int, content: bytes | memoryview) -> None:
        """Append a block of rows to a column.

        Parameters
        ----------
        kind : str
            What the bytes mean, such as dtype and shape of a row. A different kind is a difference
            of content at the row where it begins.
        content : bytes or memoryview
            For rows of one kind, their lengths follow from the kind, or have a column of their own.
        """
        leaf = self._leaves.get(path)
        if leaf is None:
            leaf = self._leaves[path] = _Leaf()
        leaf.add(kind, rows, content)

    def digest(self, kind: str, facts: Iterable[str] = ()) -> str:
        """Return the digest of everything so far, ``<kind>/v1:<hex>``."""
        tagged = TaggedHash(kind)
        for fact in facts:
            tagged.add(fact.encode())
        for path, leaf in self._leaves.items():
            tagged.add(path.encode("utf-8", "surrogatepass"))
            for each, rows in leaf.runs:
                tagged.add(each.encode()).add(str(rows).encode())
            tagged.add(leaf.bytes.digest())
        return tagged.digest()
