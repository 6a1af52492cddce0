"""Text that is to be the name of a file or folder."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit


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


def without_secrets(url: str) -> str:
    """Strip user, password, query and fragment from a URL, also within one of chained protocols.

    Examples
    --------
    >>> without_secrets("https://me:secret@example.org:8080/a.csv?token=1")
    'https://example.org:8080/a.csv'
    >>> without_secrets("zip://a.csv::ftp://me@example.org/a.zip")
    'zip://a.csv::ftp://example.org/a.zip'
    """
    return "::".join(map(_without_secrets, url.split("::")))


def _without_secrets(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        # What cannot be taken apart may have a secret anywhere.
        return "(not a URL)"
    clean = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
    return urlunsplit(clean) if parts.scheme and parts.netloc else url.partition("?")[0]
