"""Values as text for people: of a bounded length, and without markup."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

TEXT, _LISTED = 300, 40
_DIGEST = re.compile(r"[\w-]+/v\d+:[0-9a-f]{64}")


def short(value: object, length: int = TEXT) -> str:
    """Make a text of a record printable, on one line, and of a bounded length."""
    text = str(value)[: 4 * length]
    text = "".join(c if c.isprintable() else " " for c in text)
    return f"{text[:length]}…" if len(text) > length else text


def formatted(value: object) -> str:
    """Write a value of an environment; a digest by its beginning.

    Examples
    --------
    >>> formatted(None), formatted(["a", "b"]), formatted([])
    ('none', 'a, b', 'none')
    >>> formatted("x/v1:" + "0123456789abcdef" * 4)
    '0123456789ab…'
    """
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value[:_LISTED]))
    if isinstance(value, str) and _DIGEST.fullmatch(value):
        return f"{value.partition(':')[2][:12]}…"
    return "none" if value is None or value in ("", {}) else short(value, 120)


def percent(share: float) -> str:
    """Write a share as a percentage, the tiny ones with more digits.

    Examples
    --------
    >>> percent(0.253), percent(0.0012), percent(1.0), percent(0.0)
    ('25 %', '0.12 %', '100 %', '0 %')
    """
    hundredths = 100 * share
    return f"{hundredths:.0f} %" if hundredths >= 10 or not share else f"{hundredths:.2g} %"


def markdown(value: object) -> str:
    """Write a text from data or configuration so that it is no markup in a Markdown file."""
    printable = "".join(c if c.isprintable() else " " for c in str(value))
    return "".join(f"&#{ord(c)};" if c in "<>&|`*[]\\" else c for c in printable)


def shell(words: Iterable[str]) -> str:
    r"""Write a command so that a shell reads the same words, on one line.

    Examples
    --------
    >>> shell(["repro", "train", "-s", "a=[1, 2]"])
    "repro train -s 'a=[1, 2]'"
    >>> print(shell(["repro", "it's", "two\nlines"]))
    repro 'it'"'"'s' $'two\nlines'
    """
    return " ".join(map(_word, words))


def _word(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    # What does not print is escaped, as bash, zsh and POSIX.1-2024 read it.
    escaped = word.replace("\\", "\\\\").replace("'", "\\'")
    inner = "".join(c if c.isprintable() else _escaped(c) for c in escaped)
    return f"$'{inner}'"


def _escaped(character: str) -> str:
    return "\\n" if character == "\n" else "".join(f"\\x{b:02x}" for b in character.encode())
