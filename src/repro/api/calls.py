"""The calls that are answered in a process of their own, and what comes back from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import Field, JsonValue, ValidationError

from repro.app.answers import TrainAnswer
from repro.core.errors import ConfigError
from repro.core.model import Record

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# A value of a caller may be anything, such as a table.
_LONG = 60
_MAPPINGS = ("settings", "variants")
Workers = Annotated[int, Field(ge=1)]
LevelName = Literal["seeded", "strict", "portable", "portable-v2"]


class Choice(Record):
    """The choice of an experiment and what is changed in it, as the options of ``repro train``.

    Attributes
    ----------
    experiment : str or None
        None for the project's default.
    overlays : tuple of str
        Paths; the last one wins.
    settings : dict of str to JsonValue
        Values by dotted key.
    models : tuple of str
        The families to train; empty for those of the experiment.
    variants : dict of str to str
        Names of variants by family.
    target : str or None
        One of the targets of the data set; None for the usual one.
    runs : str or None
        Folder of the runs.
    """

    experiment: str | None = None
    profile: str = "default"
    overlays: tuple[str, ...] = ()
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    seed: int | None = None
    models: tuple[str, ...] = ()
    variants: dict[str, str] = Field(default_factory=dict)
    target: str | None = None
    level: LevelName | None = None
    workers: Workers | None = None
    runs: str | None = None


class TrainCall(Record):
    """A call of ``train``."""

    project: str
    choice: Choice


class VerifyCall(Record):
    """A call of ``verify``.

    Attributes
    ----------
    subject : str or None
        None for the newest run.
    project : str or None
        None for the project that the current folder is in, if any.
    run_command : bool
        Whether a command that was recorded elsewhere may run.
    reference : str or None
        What the result is also compared with.
    mapping : dict of str to str
        Names of a report of metrics by hand: the metric that each is.
    """

    subject: str | None = None
    project: str | None = None
    runs: str | None = None
    tolerance: float | str | None = None
    noise: str | None = None
    level: LevelName | None = None
    workers: Workers | None = None
    run_command: bool = False
    reference: str | None = None
    mapping: dict[str, str] = Field(default_factory=dict)


class Trained(Record):
    """The answer to a ``TrainCall``.

    Attributes
    ----------
    passed : bool
        Whether the findings are such that the command would end with status 0.
    """

    run: TrainAnswer
    experiment: str
    seed: int
    level: str
    warnings: tuple[str, ...]
    passed: bool


_R = TypeVar("_R", bound=Record)


def checked(kind: type[_R], **arguments: object) -> _R:
    """Make a call of arguments.

    Raises
    ------
    ConfigError
        With every argument of the wrong type.

    Examples
    --------
    >>> checked(VerifyCall, workers=0)
    Traceback (most recent call last):
    repro.core.errors.ConfigError: workers: input should be greater than or equal to 1, found 0
    """
    try:
        return kind.model_validate(arguments)
    except ValidationError as error:
        raise ConfigError("\n".join(map(_problem, error.errors()))) from error


def _problem(details: ErrorDetails) -> str:
    first, *rest = map(str, details["loc"])
    place = f"{first}['{rest[0]}']" if rest and first in _MAPPINGS else first
    message = details["msg"]
    found = repr(details["input"])
    shown = f"{found[:_LONG]}…" if len(found) > _LONG else found
    return f"{place}: {message[0].lower()}{message[1:]}, found {shown}"
