"""Several files of the project as one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.datasets.formats.joined import joined
from repro.datasets.hashing import check_sha256
from repro.datasets.sources.file import inside, read_bytes
from repro.datasets.sources.interface import Payload, payload_of
from repro.digest.files import sha256_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from repro.config.data import FilesSource
    from repro.datasets.formats.interface import RawTable
    from repro.tables.marks import Missing


@dataclass(frozen=True)
class Files:
    """Files by their paths relative to the project, in the declared order."""

    project: Path
    source: FilesSource

    @property
    def label(self) -> str:
        """The first and the last path."""
        return self.source.label

    def obtain(self, expected: str | None) -> Payload:
        """Read all files; see ``Source.obtain``.

        The hash of the data set is that of the hashes of its files, a line for each; every file is
        compared with its own one first.
        """
        payloads = []
        for part in self.source.parts:
            content = read_bytes(inside(self.project, part.path), part.path)
            declared = None if expected is None else part.sha256
            payloads.append(payload_of(self.source, part.path, content, declared))
        found = hash_of_parts(str(payload.sha256) for payload in payloads)
        if expected is not None:
            check_sha256(self.label, found, expected)

        def parse(missing: Missing) -> RawTable:
            """Open every file, and put the tables together."""
            return joined(self.label, [payload.parse(missing) for payload in payloads])

        return Payload(self.label, found, parse)


def hash_of_parts(hashes: Iterable[str]) -> str:
    r"""Return the SHA-256 of the hashes of files, in their order.

    Examples
    --------
    >>> hash_of_parts(["ab", "cd"]) == sha256_bytes(b"ab\ncd\n")
    True
    """
    return sha256_bytes("".join(f"{each}\n" for each in hashes).encode())
