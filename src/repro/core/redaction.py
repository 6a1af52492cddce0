"""Redaction of secrets in the arguments of a command and in addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

REDACTED = "<redacted>"

_NAME = re.compile(
    r"(?:^|[-_.])(?:password|passwd|passphrase|secret|token|api[-_]?key|access[-_]?key|credentials?)$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?")
_ADDRESS = re.compile(r"(?P<start>[a-zA-Z][a-zA-Z0-9+.-]*://)[^/\s@]+@")
# Formats of the keys of services: GitHub, Hugging Face, OpenAI, AWS, Slack, PyPI.
_KEY = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|hf_[A-Za-z0-9]{20,}|sk-[\w-]{20,}"
    r"|AKIA[A-Z0-9]{16}|xox[abpr]-[\w-]{10,}|pypi-[\w-]{20,})"
)


def redacted_words(words: Sequence[str]) -> tuple[str, ...]:
    """Return a command line with <redacted> in place of everything that looks like a secret.

    Examples
    --------
    >>> redacted_words(["train.py", "--token", "abc", "--tokenizer", "bert", "--token=7"])
    ('train.py', '--token', '<redacted>', '--tokenizer', 'bert', '--token=7')
    """
    found, hide = [], False
    for word in words:
        name, sign, value = word.partition("=")
        secret = name.startswith("-") and _NAME.search(name) is not None
        if hide and not word.startswith("-") and not _NUMBER.fullmatch(word):
            found.append(REDACTED)
        elif (secret or _is_variable(name)) and sign and not _NUMBER.fullmatch(value):
            found.append(f"{name}={REDACTED}")
        else:
            found.append(redacted_text(word))
        hide = secret and not sign
    return tuple(found)


def redacted_text(text: str) -> str:
    """Return a text without user names and passwords in addresses and without keys of services.

    Examples
    --------
    >>> redacted_text("https://me:secret@host/data.csv")
    'https://<redacted>@host/data.csv'
    """
    return _KEY.sub(REDACTED, _ADDRESS.sub(rf"\g<start>{REDACTED}@", text))


def is_secret(name: str) -> bool:
    """Return whether the name of a variable or an option is that of a secret.

    Examples
    --------
    >>> is_secret("AWS_SECRET_ACCESS_KEY"), is_secret("TOKENIZER")
    (True, False)
    """
    return _NAME.search(name) is not None


def _is_variable(name: str) -> bool:
    """Return whether a word sets a secret variable, as in ``env NAME=VALUE``."""
    return name.isupper() and is_secret(name)
