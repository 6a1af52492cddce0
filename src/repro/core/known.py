"""Fingerprints that a project knows: each was computed in an environment of its own matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from repro.core.model import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repro.core.environment import Environment

# Where a project keeps them; its matrix writes the file.
FINGERPRINTS = "reference/fingerprints.json"


class KnownFingerprint(Record):
    """A fingerprint, and the environments that give it.

    Attributes
    ----------
    architecture : str
        Of the processor, such as ``x86_64``.
    bits : str
        Class of code paths, such as ``x86-64-v3``.
    libc, libc_version : str
        The C library, which gives the mathematical functions.
    lock : str
        SHA-256 of the lock whose versions were installed; empty without a lock.
    fingerprint : str
        Digest over all groups of kernels.
    """

    architecture: str
    bits: str
    libc: str
    libc_version: str
    lock: str
    fingerprint: str


class KnownFingerprints(Record):
    """The file ``reference/fingerprints.json``."""

    schema_: Literal["repro.fingerprints/v1"] = Field(alias="schema")
    known: tuple[KnownFingerprint, ...]

    @staticmethod
    def of(environments: Iterable[Environment]) -> KnownFingerprints:
        """Collect the fingerprints of environments."""
        return _ordered(
            known for environment in environments if (known := _known(environment)) is not None
        )

    def plus(self, other: KnownFingerprints) -> KnownFingerprints:
        """Return what either of two knows."""
        return _ordered((*self.known, *other.known))

    def has(self, environment: Environment) -> bool:
        """Return whether the fingerprint of an environment is one of its class, libc and lock."""
        known = environment.fingerprint is not None and environment.fingerprint.is_sound
        return known and _known(environment) in self.known


def _ordered(lines: Iterable[KnownFingerprint]) -> KnownFingerprints:
    """Make a file of lines, each once and in one order."""
    found = {line.model_dump_json(): line for line in lines}
    return KnownFingerprints(
        schema_="repro.fingerprints/v1", known=tuple(found[key] for key in sorted(found))
    )


def _known(environment: Environment) -> KnownFingerprint | None:
    if environment.fingerprint is None:
        return None
    return KnownFingerprint(
        architecture=environment.platform.architecture,
        bits=environment.bits or "",
        libc=environment.platform.libc,
        libc_version=environment.platform.libc_version,
        lock=environment.lock or "",
        fingerprint=environment.fingerprint.digest,
    )


# Nothing in it has to be checked, and no validator is built for it.
NOTHING_KNOWN = KnownFingerprints.model_construct(schema_="repro.fingerprints/v1", known=())
