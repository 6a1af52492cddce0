"""Checksums by the algorithm that a program asks for."""

from __future__ import annotations

import hashlib

from repro.core.errors import TrackingError
from repro.tracking.contents.paths import USUAL, hashed


def check_algorithm(name: str) -> str:
    """Return the name of an algorithm.

    Raises
    ------
    TrackingError
        If Python does not have it everywhere, or its digests have no fixed length.
    """
    known = sorted(n for n in hashlib.algorithms_guaranteed if not n.startswith("shake"))
    if name not in known:
        raise TrackingError(
            f"unknown checksum algorithm {name!r}", advice=f"use one of {', '.join(known)}"
        )
    return name


def checksum_of(digest: str, algorithm: str) -> str:
    """Return a typed digest as a checksum in hexadecimal.

    By SHA-256 it is the digest itself; by any other algorithm, that of the digest's text.
    """
    plain = digest.rpartition(":")[2]
    if algorithm == USUAL or ":" not in digest:
        return plain
    return hashed(algorithm, digest)
