"""Names that look the same and are not: Unicode has several spellings of one text.

``é`` is one character, or an ``e`` and an accent that macOS and some exports write; Unicode calls
the two canonically equivalent (UAX #15). Characters without width, and spaces of other kinds or at
an end, do not show either. Letters of different scripts are different on purpose, and stay so.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Zero-width space, word joiner, byte-order mark, soft hyphen: without any effect on what is shown.
_INVISIBLE = dict.fromkeys((0x200B, 0x2060, 0xFEFF, 0x00AD))


def appearance(name: str) -> str:
    r"""Return one text for all names that look the same.

    Examples
    --------
    >>> appearance("cafe\u0301") == appearance("caf\xe9") == appearance(" caf\xe9\u200b")
    True
    >>> appearance("m\xb2") == appearance("m2"), appearance("a") == appearance("A")
    (False, False)
    """
    return " ".join(_normalized(name.translate(_INVISIBLE)).split())


def equivalents(names: Iterable[str]) -> Iterator[str]:
    r"""Yield a sentence on each name that differs from an earlier one in its normalization only.

    Examples
    --------
    >>> next(equivalents(["caf\xe9", "tea", "cafe\u0301"]))
    "'caf\\xe9' and 'cafe\\u0301' look the same and differ in their Unicode normalization"
    """
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(_normalized(name), name)
        if other != name:
            yield _sentence(other, name)


def lookalike_of(word: str, known: Iterable[str]) -> str:
    r"""Return a sentence on a known name that looks like a word which is not known, or ''.

    Examples
    --------
    >>> lookalike_of("age ", ["age", "sex"])
    "'age' and 'age ' look the same and differ in spaces or characters that do not show"
    """
    shown = appearance(word)
    same = (name for name in known if name != word and appearance(name) == shown)
    return next((_sentence(name, word) for name in same), "")


def _normalized(name: str) -> str:
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def _sentence(left: str, right: str) -> str:
    equivalent = _normalized(left) == _normalized(right)
    what = "their Unicode normalization" if equivalent else "spaces or characters that do not show"
    return f"{left!a} and {right!a} look the same and differ in {what}"
