"""The record of a search: ``search.json``, and the same as facts and numbers of the evidence.

Numbers are compared within a tolerance, everything else exactly. So a floating-point number of a
trial stands among the numbers, under its dotted name, and None in its place among the facts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from repro.core.model import Later, Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SEARCH = "search"


class Round(Record):
    """The scores of a trial by some of a resource.

    Attributes
    ----------
    resource : int
        How many rows each fit learned from at most, or the value of a parameter.
    """

    resource: int
    folds: tuple[float, ...]
    mean: float


class Trial(Record):
    """One point of the space, and its scores in the metric of selection.

    Attributes
    ----------
    number : int
        From 0.
    params : dict of str to JSON
        As the space names them.
    folds : tuple of float
        Its score in each fold inside of the training rows.
    mean : float
        Of ``folds``.
    resource : int or None
        Of a successive halving: the resource of the last round that the trial was in.
    earlier : tuple of Round or None
        Its rounds before that one.
    """

    number: Annotated[int, Field(ge=0)]
    params: dict[str, JsonValue]
    folds: tuple[float, ...]
    mean: float
    resource: int | None = Later
    earlier: tuple[Round, ...] | None = Later


class FamilySearch(Record):
    """The search of one candidate.

    Attributes
    ----------
    chosen : int
        The number of the trial whose parameters the candidate has.
    trials : tuple of Trial
        All of them, by number.
    """

    kind: str
    metric: str
    greater_is_better: bool
    chosen: int
    trials: tuple[Trial, ...]

    @model_validator(mode="after")
    def _is_numbered(self) -> Self:
        numbers = [trial.number for trial in self.trials]
        if numbers != list(range(len(numbers))) or self.chosen not in numbers:
            raise PydanticCustomError(
                "trial_numbers", "trials are numbered from 0, and one of them is chosen"
            )
        return self

    @property
    def best(self) -> Trial:
        """The chosen trial."""
        return self.trials[self.chosen]

    @property
    def ranked(self) -> tuple[Trial, ...]:
        """The trials, the best one first: by resource, then by mean, then by number."""
        sign = 1 if self.greater_is_better else -1

        def rank(trial: Trial) -> tuple[int, float, int]:
            return -(trial.resource or 0), -sign * trial.mean, trial.number

        return tuple(sorted(self.trials, key=rank))


class SearchRecord(Record):
    """``search.json``: every trial of every candidate with a search."""

    schema_: Literal["repro.search/v1"] = Field(alias="schema")
    families: dict[str, FamilySearch]


def facts_of(search: SearchRecord) -> dict[str, JsonValue]:
    """Return everything but floats, by dotted name: a candidate's search, and each trial of it."""
    facts: dict[str, JsonValue] = {SEARCH: list(search.families)}
    for start, value in _parts(search):
        facts[start] = _without_floats(value)
    return facts


def numbers_of(search: SearchRecord) -> dict[str, float]:
    """Return every float by its dotted name, such as ``search.svm.trial_3.mean``."""
    return {
        name: number for start, value in _parts(search) for name, number in _floats(value, start)
    }


def search_of(facts: Mapping[str, JsonValue], numbers: Mapping[str, float]) -> SearchRecord | None:
    """Make the record of a search from the facts and numbers of a record; None without one.

    Raises
    ------
    ValueError
        If a fact that every search has is missing.
    """
    if SEARCH not in facts:
        return None
    names, families = facts[SEARCH], {}
    for family in names if isinstance(names, list) else ():
        start = f"{SEARCH}.{family}"
        head = facts.get(start)
        count = head.get("trials") if isinstance(head, dict) else None
        if not isinstance(head, dict) or not isinstance(count, int):
            raise ValueError(f"{start} is missing")  # noqa: TRY004 - of a file, not of a caller
        if f"{start}.trial_{count}" in facts or f"{start}.trial_{count - 1}" not in facts:
            raise ValueError(f"{start}.trials is not the number of its trials")
        trials = [f"{start}.trial_{number}" for number in range(count)]
        each = [_with_floats(facts.get(name), name, numbers) for name in trials]
        families[str(family)] = {**head, "trials": each}
    value = {"schema": "repro.search/v1", "families": families}
    return SearchRecord.model_validate_json(json.dumps(value))


def _parts(search: SearchRecord) -> Iterator[tuple[str, JsonValue]]:
    for family, each in search.families.items():
        start = f"{SEARCH}.{family}"
        value = each.model_dump(mode="json")
        trials = value.pop("trials")
        yield start, {**value, "trials": len(trials)}
        yield from ((f"{start}.trial_{number}", trial) for number, trial in enumerate(trials))


def _without_floats(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {name: _without_floats(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_floats(each) for each in value]
    return None if isinstance(value, float) else value


def _floats(value: JsonValue, name: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, float):
        yield name, value
    for key, each in _children(value):
        yield from _floats(each, f"{name}.{key}")


def _with_floats(value: JsonValue, name: str, numbers: Mapping[str, float]) -> JsonValue:
    if isinstance(value, dict):
        return {key: _with_floats(each, f"{name}.{key}", numbers) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_floats(each, f"{name}.{i}", numbers) for i, each in enumerate(value)]
    return numbers.get(name) if value is None else value


def _children(value: JsonValue) -> list[tuple[str, JsonValue]]:
    if isinstance(value, dict):
        return list(value.items())
    return [(str(i), each) for i, each in enumerate(value)] if isinstance(value, list) else []
