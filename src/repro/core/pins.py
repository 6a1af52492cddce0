"""The pins of a lock: which version of each package it names, and the hashes of its files."""

from __future__ import annotations

import re
from typing import NamedTuple

_ENTRY = re.compile(r"^(\w[\w.-]*)==([^\s;]+)(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]+)")


class Pin(NamedTuple):
    """A locked version, and the SHA-256 of each file that may be it."""

    version: str
    hashes: frozenset[str]


def canonical(name: str) -> str:
    """Return the one spelling of a package's name.

    Examples
    --------
    >>> canonical("Typing_Extensions")
    'typing-extensions'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> dict[str, Pin]:
    r"""Return what a lock pins, by canonical name.

    Examples
    --------
    >>> pins("click==8.5.1 \\\n    --hash=sha256:ab\n    # via -r requirements.in\n")
    {'click': Pin(version='8.5.1', hashes=frozenset({'ab'}))}
    """
    return {
        canonical(entry[1]): Pin(entry[2], frozenset(_HASH.findall(entry[3])))
        for entry in _ENTRY.finditer(text)
    }
