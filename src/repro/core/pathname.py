"""Text that is to be the name of a file or folder."""

from __future__ import annotations


def pathname_problem(text: str) -> str:
    r"""Return what keeps a text from being a file name on any system; empty if nothing does.

    Examples
    --------
    >>> pathname_problem("data/a b.csv"), pathname_problem(""), pathname_problem(" ")
    ('', 'it is empty', 'it is blank')
    >>> pathname_problem("a\0b")
    'it has a zero byte'
    """
    if not text:
        return "it is empty"
    if not text.strip():
        return "it is blank"
    if "\0" in text:
        return "it has a zero byte"
    return ""


def checked_pathname(text: str) -> str:
    """Return the text, or raise a ValueError that says why it is not the name of a file or folder.

    Examples
    --------
    >>> checked_pathname("")
    Traceback (most recent call last):
    ...
    ValueError: expected the name of a file or folder; it is empty
    """
    if problem := pathname_problem(text):
        raise ValueError(f"expected the name of a file or folder; {problem}")
    return text
