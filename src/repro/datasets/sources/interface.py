"""The interface of a source: the declared data, or the reason why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from repro.datasets.formats import open_table
from repro.datasets.hashing import HashMismatchError, check_sha256
from repro.digest.files import sha256_bytes
from repro.digest.line_ends import ADVICE, found_line_ends

if TYPE_CHECKING:
    from collections.abc import Callable

    from repro.config.data import TableSource
    from repro.datasets.formats.interface import RawTable
    from repro.tables.marks import Missing


@dataclass(frozen=True)
class Payload:
    """Data that was obtained, and is not yet parsed.

    Attributes
    ----------
    label : str
        The name of the data in messages and records: a path, a URL without credentials.
    sha256 : str or None
        Of the bytes that ``parse`` reads; None where there are no bytes, only values.
    parse : callable
        Returns the table, given the text that means a missing value: of all columns, or by column.
    """

    label: str
    sha256: str | None
    parse: Callable[[Missing], RawTable]


class Source(Protocol):
    """A place that data comes from."""

    @property
    def label(self) -> str:
        """The name of the data in messages and records."""

    def obtain(self, expected: str | None) -> Payload:
        """Get the data, and check the hash of its bytes before anything parses them.

        Parameters
        ----------
        expected : str or None
            The declared SHA-256; None to learn it.

        Raises
        ------
        HashMismatchError
            If the bytes have a different hash.
        PreconditionError
            If the data is not available.
        """


def payload_of(source: TableSource, label: str, content: bytes, expected: str | None) -> Payload:
    """Return bytes as a payload; the very bytes that were checked are the ones parsed.

    Raises
    ------
    HashMismatchError
        If the bytes have a different hash than expected.
    """
    found = sha256_bytes(content)
    if expected is not None:
        _check_line_ends(label, content, found, expected)
        check_sha256(label, found, expected)
    form, layout = source.format, source.layout
    return Payload(label, found, lambda missing: open_table(form, label, content, missing, layout))


def _check_line_ends(label: str, content: bytes, found: str, expected: str) -> None:
    if found != expected and (ends := found_line_ends(content, expected)):
        raise HashMismatchError(
            f"{label}: only its line endings differ from the declared file: found {ends}"
            f" (sha256 {found}, expected {expected})",
            advice=ADVICE,
        )
