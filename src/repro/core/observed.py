"""Observations of a recorded command, besides its steps and results."""

from __future__ import annotations

from typing import Literal

from repro.core.model import Later, Record

BLANK = "-"
"""The digest of a line of source code that has no code."""


class Remark(Record):
    """A cause, found at record time, that can prevent reproduction.

    Attributes
    ----------
    kind : str
    site : str or None
        ``file:line``, where one is known.
    message : str
        The cause, in a sentence.
    fix : str
        How to remove the cause.
    """

    kind: Literal[
        "unseeded",
        "threads",
        "not in git",
        "changed",
        "absolute path",
        "network",
        "order of a set",
        "code paths",
        "not pinned",
        "not observed",
    ]
    site: str | None = Later
    message: str
    fix: str


class Suspect(Record):
    """A line of the user's code that depends on chance, if it runs.

    Attributes
    ----------
    site : str
        ``file:line``.
    kind : str
        ``entropy``, ``clock`` or ``order`` (of a set).
    call : str
    """

    site: str
    kind: Literal["entropy", "clock", "order"]
    call: str


class Observed(Record):
    """Observations of one execution of a command.

    Attributes
    ----------
    status : int
        Exit status; 128 plus the number of the signal if one ended it.
    remarks : tuple of Remark
    suspects : tuple of Suspect
    skipped : tuple of str
        Inputs and outputs of calls without a digest, with their types.
    programs : tuple of str
        Programs that were started but not observed.
    started : tuple of str
        All programs that Python processes started.
    refused : tuple of str
        Everything that the seal refused: ``read``, ``write``, ``execute`` or ``connect``, and the
        name.
    created : tuple of str
        Files and folders in the working folder that the command made.
    results : tuple of str
        Patterns of the files that are results; empty if all written files are.
    outside : tuple of str
        Files outside the working folder that the command wrote.
    listed : dict of str to str
        Digest of the names in each folder that the command listed.
    stdout : str
        The beginning of the standard output. It never decides a verdict.
    sealed : str
        ``sealed``, or the reason why what was observed may be incomplete.
    own : bool or None
        True if the program recorded itself, by ``repro.tracking``: what it named is known, and not
        everything that it read, called and wrote.
    lines : dict of str to str, or None
        For each file of code a short digest of every line, separated by spaces.
    seeds : dict of str to str, or None
        The seeds given to global generators, by the line and function that gave them.
    """

    status: int
    remarks: tuple[Remark, ...]
    suspects: tuple[Suspect, ...]
    skipped: tuple[str, ...]
    programs: tuple[str, ...]
    started: tuple[str, ...]
    refused: tuple[str, ...]
    created: tuple[str, ...]
    results: tuple[str, ...]
    outside: tuple[str, ...]
    listed: dict[str, str]
    stdout: str
    sealed: str
    own: bool | None = Later
    lines: dict[str, str] | None = Later
    seeds: dict[str, str] | None = Later
