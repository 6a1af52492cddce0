"""Digests of what small numeric kernels compute, and those of PyTorch, by a scheme of their own."""

from __future__ import annotations

from repro.core.canonical import tagged_digest
from repro.core.model import Record

# Only environments with PyTorch have such a fingerprint.
TENSORS = "tensor-fingerprint/v1"


class Fingerprint(Record):
    """Digests of what small numeric kernels compute on this machine.

    Attributes
    ----------
    scheme : str
        The kernels and how they are digested; only fingerprints of one scheme compare.
    digest : str
        Over all groups.
    groups : dict of str to str
        The digest of each group of kernels.
    """

    scheme: str
    digest: str
    groups: dict[str, str]

    @staticmethod
    def over(groups: dict[str, str]) -> Fingerprint:
        """Make the fingerprint of groups whose digests are known."""
        whole = tagged_digest("fingerprint", groups, version=1)
        return Fingerprint(scheme="fingerprint/v1", digest=whole, groups=groups)

    @staticmethod
    def of_tensors(groups: dict[str, str]) -> Fingerprint:
        """Make the fingerprint of PyTorch, of groups whose digests are known."""
        whole = tagged_digest("tensor-fingerprint", groups, version=1)
        return Fingerprint(scheme=TENSORS, digest=whole, groups=groups)

    @property
    def is_sound(self) -> bool:
        """True if the digest is that of the groups."""
        return bool(self.groups) and self == Fingerprint.over(self.groups)
