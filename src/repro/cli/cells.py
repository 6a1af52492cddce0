"""The one sanitiser of text that came from a file: it imports nothing, so that it always works."""

from __future__ import annotations

_LONGEST = 1000


def plain(text: object) -> str:
    """Take out of a text that came from a file what does not print, but for line breaks.

    Control characters, the sequences that colour or link, what reorders text from right to left,
    and halves of characters become question marks.

    Examples
    --------
    >>> plain("one\\n\\x1b[31mtwo\\u202e")
    'one\\n?[31mtwo?'
    """
    whole = str(text)
    if whole.isprintable():
        return whole
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in whole)


def cell(text: object) -> str:
    """Keep a text on one line, and of a length that people read.

    It cannot pass for a line of this program.

    Examples
    --------
    >>> cell("knn\\nverdict: identical")
    'knn verdict: identical'
    """
    whole = str(text)
    short = whole if len(whole) <= _LONGEST else whole[:_LONGEST] + "…"
    return plain(short).replace("\n", " ")
