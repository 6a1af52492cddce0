"""The errors that reach a person: a sentence, and the next step."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit status of every command, by its meaning."""

    HOLDS = 0
    FINDING = 1
    USAGE = 2
    PRECONDITION = 3
    INTERRUPTED = 130
    READER_GONE = 141


class ReproError(Exception):
    """A question that could not be asked, with advice on how to ask it.

    A mismatch that ``verify`` or ``compare`` finds is a value, never an exception.

    Parameters
    ----------
    message : str
        What was found where, and what was expected.
    advice : str, optional
        The next step for the reader.
    """

    exit_code: ExitCode = ExitCode.PRECONDITION

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


class ConfigError(ReproError):
    """The configuration, or the way a command was called, is not valid."""

    exit_code = ExitCode.USAGE


class PreconditionError(ReproError):
    """Something that the work needs is missing: a file, a package, a right to write."""


class DataError(PreconditionError):
    """A data set is not what its declaration says, or cannot be trained on."""


class SchemaError(PreconditionError):
    """A recorded file is malformed, or of a version that this program does not read."""


class TrackingError(PreconditionError, TypeError):
    """A thing that a program asked to be tracked cannot be, or a tracker is misused."""
