"""The check that stands between the bytes of a data set and their use."""

from __future__ import annotations

from repro.core.errors import DataError


class HashMismatchError(DataError):
    """A data set is not the one that was declared."""


def check_sha256(label: str, found: str, expected: str) -> None:
    """Compare the hash of a data set with the declared one.

    Raises
    ------
    HashMismatchError
        If they differ.
    """
    if found != expected:
        raise HashMismatchError(
            f"{label}: expected sha256 {expected}, found {found}",
            advice="restore the data (from version control: git checkout -- FILE); or, if the"
            " change is intended, declare the hash that `repro data hash NAME` prints in"
            " configs/datasets.yaml",
        )
