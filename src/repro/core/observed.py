"""What was observed of a recorded command, beside its steps and results."""

from __future__ import annotations

from typing import Literal

from repro.core.model import Later, Record


class Remark(Record):
    """Something at record time that can keep a command from being reproduced.

    Attributes
    ----------
    kind : str
    site : str or None
        ``file:line``, where one is known.
    message : str
        What was found.
    fix : str
        What to do about it.
    """

    kind: Literal[
        "unseeded",
        "threads",
        "not in git",
        "changed",
        "absolute path",
        "network",
        "order of a set",
        "not observed",
    ]
    site: str | None = Later
    message: str
    fix: str


class Suspect(Record):
    """A line of the user's code that leaves something to chance, if it runs.

    Attributes
    ----------
    site : str
        ``file:line``.
    kind : str
        ``entropy``, ``clock`` or ``order``, of a set.
    call : str
    """

    site: str
    kind: Literal["entropy", "clock", "order"]
    call: str


class Observed(Record):
    """What is known of a command's execution.

    Attributes
    ----------
    status : int
        Exit status; 128 and the number of the signal where one ended it.
    remarks : tuple of Remark
    suspects : tuple of Suspect
    skipped : tuple of str
        Inputs and outputs of calls that have no digest, with their types.
    programs : tuple of str
        Programs that were started and not observed.
    started : tuple of str
        All programs that were started, by Python.
    refused : tuple of str
        What a sealed command was refused: ``read``, ``write``, ``execute`` or ``connect``, and the
        name.
    created : tuple of str
        Files in the working folder that the command made, which was without them.
    results : tuple of str
        Patterns of the files that are results; empty where all files are that it wrote.
    outside : tuple of str
        Files outside of the working folder that it wrote.
    listed : dict of str to str
        Digest of the names in each folder that it listed.
    stdout : str
        The beginning of what it wrote to standard output. It decides nothing.
    sealed : str
        ``sealed``, or the reason why what was observed may be incomplete.
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
