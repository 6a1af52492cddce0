"""Requirement files: which packages they name, in which versions, and with which hashes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONTINUED = re.compile(r"\\\s*\n")
_COMMENT = re.compile(r"(^|\s)#.*")
_OPTION = re.compile(r"\s--hash[= ](\S+)")
_EDITABLE = ("-e ", "--editable")
_SHA256 = "sha256:"


class Pin(NamedTuple):
    """A locked version, and the SHA-256 of each file that may be it."""

    version: str
    hashes: frozenset[str]


@dataclass(frozen=True)
class Line:
    """A line of a requirement file that names a package.

    Attributes
    ----------
    text : str
        Without comments and hashes.
    requirement : Requirement or None
        None for a folder, an address, or a line that pip would refuse.
    hashes : frozenset of str
        As they are written, such as ``sha256:…``.
    """

    text: str
    requirement: Requirement | None
    hashes: frozenset[str]

    @property
    def name(self) -> str:
        """The canonical name of the package; the text if it cannot be read."""
        return canonicalize_name(self.requirement.name) if self.requirement else self.text

    @property
    def version(self) -> str | None:
        """The one version that the line admits; None if it admits several."""
        specifiers = [*self.requirement.specifier] if self.requirement else []
        if len(specifiers) != 1 or specifiers[0].operator not in {"==", "==="}:
            return None
        return None if specifiers[0].version.endswith(".*") else specifiers[0].version


def requirement_of(text: str) -> Requirement | None:
    """Read a requirement; None if it does not follow the standard.

    Examples
    --------
    >>> requirement_of("numpy>=2; python_version < '3.12'").name
    'numpy'
    >>> requirement_of("numpy 2 or so") is None
    True
    """
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def lines_of(text: str) -> Iterator[Line]:
    r"""Yield the lines of a requirement file that name packages; options are left out.

    Examples
    --------
    >>> [line.version for line in lines_of("-r a.txt\na==1 \\\n    --hash=sha256:ab\nb>=2 # new\n")]
    ['1', None]
    """
    for line in _CONTINUED.sub(" ", text).splitlines():
        words = _COMMENT.sub("", line).strip()
        if words and (words.startswith(_EDITABLE) or words[0] != "-"):
            named = _OPTION.sub("", words).strip()
            yield Line(named, requirement_of(named), frozenset(_OPTION.findall(words)))


def pins(text: str) -> dict[str, Pin]:
    r"""Return what a lock pins, by canonical name.

    Examples
    --------
    >>> pins("click==8.5.1 \\\n    --hash=sha256:ab\n    # via -r requirements.in\n")
    {'click': Pin(version='8.5.1', hashes=frozenset({'ab'}))}
    """
    return {
        line.name: Pin(line.version, _sha256(line.hashes))
        for line in lines_of(text)
        if line.version is not None
    }


def _sha256(hashes: frozenset[str]) -> frozenset[str]:
    return frozenset(h.removeprefix(_SHA256) for h in hashes if h.startswith(_SHA256))
