"""The search for hyper-parameters: the space of a candidate, and how its trials are chosen.

A space has a name for each parameter. One inside of a nested class is named as scikit-learn names
it, by double underscores: ``pca__n_components``. The order of names has no meaning, since keys do
not hold it: every kind of search takes them in sorted order.
"""

from __future__ import annotations

from decimal import Decimal
from math import prod
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, JsonValue, Tag, model_validator

from repro.core.canonical import typed_digest
from repro.core.errors import ConfigError
from repro.core.model import Later, Record
from repro.core.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# More trials than a record and its report can hold.
MOST_TRIALS = 10_000
ROWS = "rows"
_Number = int | float
_Count = Annotated[int, Field(ge=1)]
_Trials = Annotated[int, Field(ge=1, le=MOST_TRIALS)]
_Folds = Annotated[int, Field(ge=2)]


def _is_off(value: object) -> bool:
    return not value


class Range(Record):
    """Numbers from ``low`` to ``high``, both included: integers if both are.

    Attributes
    ----------
    log : bool
        Whether the logarithm is what is drawn evenly.
    step : int, float or None
        The distance of the numbers from each other, counted from ``low``.
    """

    low: _Number
    high: _Number
    log: Annotated[bool, Field(exclude_if=_is_off)] = False
    step: _Number | None = Later

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low ({self.low}) must be less than high ({self.high})")
        if self.log and self.low <= 0:
            raise ValueError(f"log: true needs a low above 0, not {self.low}")
        if self.step is None:
            return self
        if self.log:
            raise ValueError("log: true and step exclude each other; remove one")
        if not 0 < self.step <= self.high - self.low:
            raise ValueError(
                f"step ({self.step}) must be above 0 and at most high - low"
                f" ({self.high - self.low})"
            )
        if self.is_integer and not isinstance(self.step, int):
            raise ValueError(f"step ({self.step}) must be an integer, as low and high are")
        return self

    @property
    def is_integer(self) -> bool:
        """True if its numbers are integers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def size(self) -> int | None:
        """The number of its numbers; None without a step between floats."""
        if isinstance(self.low, int) and isinstance(self.high, int) and self.step is None:
            return self.high - self.low + 1
        if self.step is None:
            return None
        # Decimal, as it is written: 0.1 to 0.3 by 0.1 has three numbers.
        low, high, step = (Decimal(str(each)) for each in (self.low, self.high, self.step))
        return int((high - low) // step) + 1

    def value(self, position: int) -> int | float:
        """Return one of its numbers by its position from 0; it has a step, or integers."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return self.low + position * int(self.step or 1)
        return float(Decimal(str(self.low)) + position * Decimal(str(self.step)))

    @property
    def ends(self) -> tuple[int | float, int | float]:
        """The least and the greatest number that a trial may have."""
        return self.low, self.high if self.step is None else self.value((self.size or 1) - 1)


def _distinct(choices: tuple[JsonValue, ...]) -> tuple[JsonValue, ...]:
    seen: set[str] = set()
    for choice in choices:
        digest = typed_digest("choice", choice, version=1)
        if digest in seen:
            raise ValueError(f"{choice!r} occurs twice")
        seen.add(digest)
    return choices


Choices = Annotated[tuple[JsonValue, ...], Field(min_length=1), AfterValidator(_distinct)]


def _form(value: Any) -> str:  # a mapping, a list, or what they became
    return Range.__name__ if isinstance(value, dict | Range) else "list"


Dimension = Annotated[
    Annotated[Range, Tag(Range.__name__)] | Annotated[Choices, Tag("list")], Discriminator(_form)
]


class _Search(Record):
    folds: _Folds
    space: Annotated[dict[str, Dimension], Field(min_length=1)]

    @property
    def size(self) -> int | None:
        """The number of points in the space; None if a range has floats without a step."""
        sizes = [
            each.size if isinstance(each, Range) else len(each) for each in self.space.values()
        ]
        known = [size for size in sizes if size is not None]
        return prod(known) if len(known) == len(sizes) else None


class _Drawn(_Search):
    trials: _Trials

    @model_validator(mode="after")
    def _has_as_many_points(self) -> Self:
        if self.size is not None and self.size < self.trials:
            raise ValueError(
                f"the space has {self.size} points, fewer than the {self.trials} trials, each of"
                f" which is a different one; set trials to {self.size}, or use kind: grid"
            )
        return self


class GridSearch(_Search):
    """Every point of the space, each once."""

    kind: Literal["grid"]

    @model_validator(mode="after")
    def _can_be_listed(self) -> Self:
        for name, each in self.space.items():
            if isinstance(each, Range) and (each.size is None or each.log):
                lacks = "log: true has no grid" if each.log else "a grid of floats needs a step"
                raise ValueError(f"space.{name}: {lacks}; list the values, or use kind: random")
        if self.size is not None and self.size > MOST_TRIALS:
            raise ValueError(
                f"the grid has {self.size} points, more than {MOST_TRIALS}; list fewer values, or"
                " use kind: random"
            )
        return self


class RandomSearch(_Drawn):
    """Points that are drawn, no two of them the same."""

    kind: Literal["random"]


class HalvingSearch(_Drawn):
    """Drawn points of which the best go on with more rows, or more of a parameter.

    Attributes
    ----------
    factor : int
        One in so many goes on, with so many times the resource.
    resource : str
        ``rows``, or a parameter such as ``n_estimators``.
    minimum : int
        The least of the resource; the last round has all rows, or ``maximum``.
    maximum : int or None
        Of a parameter.
    """

    kind: Literal["halving"]
    factor: Annotated[int, Field(ge=2)]
    resource: Annotated[str, Field(min_length=1)]
    minimum: _Count
    maximum: _Count | None = Later

    @model_validator(mode="after")
    def _has_a_resource(self) -> Self:
        if self.resource == ROWS and self.maximum is not None:
            raise ValueError("maximum: the last round has all rows; remove it")
        if self.resource != ROWS and self.maximum is None:
            raise ValueError(f"missing key 'maximum': the most of {self.resource}")
        if self.maximum is not None and self.maximum < self.minimum:
            raise ValueError(f"minimum ({self.minimum}) is more than maximum ({self.maximum})")
        if self.resource in self.space:
            raise ValueError(f"space.{self.resource}: it is the resource; remove one of the two")
        return self


class OptunaSearch(_Search):
    """Points that Optuna proposes by the trials before: its tree-structured Parzen estimator.

    Attributes
    ----------
    batch : int
        So many points are asked for before any of them is scored, whatever the number of workers.
    startup : int
        The first so many points are drawn.
    """

    kind: Literal["optuna"]
    trials: _Trials
    batch: _Count
    startup: _Count


Search = Annotated[
    GridSearch | RandomSearch | HalvingSearch | OptunaSearch, Field(discriminator="kind")
]


def values_in(dimension: Dimension) -> tuple[JsonValue, ...]:
    """Return every choice, or both ends of a range."""
    return dimension.ends if isinstance(dimension, Range) else dimension


def values_of(search: Search) -> Iterator[tuple[str, JsonValue]]:
    """Yield each parameter that a search sets, with every choice or both ends of its range."""
    for name in sorted(search.space):
        yield from ((name, value) for value in values_in(search.space[name]))
    if isinstance(search, HalvingSearch) and search.maximum is not None:
        yield from ((search.resource, value) for value in (search.minimum, search.maximum))


def with_point(
    params: Mapping[str, JsonValue], point: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """Return parameters of an estimator with those of a point in their places.

    Raises
    ------
    ConfigError
        As ``with_parameter``.
    """
    placed = dict(params)
    # A class comes before the parameters that are set inside of it.
    for name in sorted(point):
        placed = with_parameter(placed, name, point[name])
    return placed


def with_parameter(
    params: Mapping[str, JsonValue], name: str, value: JsonValue
) -> dict[str, JsonValue]:
    """Return parameters with one of them set, which may be one of a nested class.

    Raises
    ------
    ConfigError
        If no nested class has that name.

    Examples
    --------
    >>> steps = [["pca", {"class": "m:PCA", "params": {"whiten": True}}]]
    >>> with_parameter({"steps": steps}, "pca__n_components", 3)["steps"][0][1]["params"]
    {'whiten': True, 'n_components': 3}
    """
    head, _, rest = name.partition("__")
    if not rest:
        return {**params, name: value}
    if _is_class(inner := params.get(head)):
        return {**params, head: _inside(inner, rest, value)}
    for key, index, row in _members(params):
        if row[0] == head:
            members: Any = params[key]
            changed = [head, _inside(row[1], rest, value), *row[2:]]
            return {**params, key: [*members[:index], changed, *members[index + 1 :]]}
    known = [key for key, each in params.items() if _is_class(each)]
    known += [str(row[0]) for _, _, row in _members(params)]
    raise ConfigError(
        f"no parameter '{head}' has a class whose parameter '{rest}' could be set",
        advice=did_you_mean(head, known)
        if known
        else "write its class into params: {class: 'module:Class', params: {}}",
    )


def _members(params: Mapping[str, JsonValue]) -> Iterator[tuple[str, int, list[Any]]]:
    """Yield every named class of a list: parameter, position, and the row of name and class."""
    for key, members in params.items():
        for index, row in enumerate(members if isinstance(members, list) else ()):
            if isinstance(row, list) and len(row) > 1 and _is_class(row[1]):
                yield key, index, row


def _is_class(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("class"), str)


def _inside(nested: Any, name: str, value: JsonValue) -> JsonValue:
    inner = nested.get("params", {})
    params = with_parameter(inner if isinstance(inner, dict) else {}, name, value)
    return {**nested, "params": params}
