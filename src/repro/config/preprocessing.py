"""Preprocessing that is learned from the training rows before a model sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from repro.config.removal import Removal
from repro.core.model import Later, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

# More one-hot columns than these are kept sparse: a thousand take 8 kB a row.
SPARSE_ABOVE = 1000
REMOVAL = "remove_rows"
"""The key of the removal of rows, and the name of its seed."""
_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,99}$"


def _is_false(value: object) -> bool:
    return value is False


def _is_one_hot(value: object) -> bool:
    return value == "onehot"


def _is_standard_width(value: object) -> bool:
    return value == SPARSE_ABOVE


class _Steps(Record):
    impute: str
    fill: float | str | None

    @model_validator(mode="after")
    def _fill_goes_with_constant(self) -> Self:
        if (self.impute == "constant") != (self.fill is not None):
            raise ValueError("'fill' is allowed only with impute: constant")
        return self


class NumericSteps(_Steps):
    """The steps for numeric columns, in this order.

    With ``impute: none`` missing values stay as they are, for estimators that take them. With
    ``missing_indicator`` each column with missing values also makes one that says where they are.
    """

    impute: Literal["mean", "median", "most_frequent", "constant", "none"]
    fill: float | None
    # In no key at its standard, which every experiment of before had.
    missing_indicator: Annotated[bool, Field(exclude_if=_is_false)] = False
    clip_iqr: Annotated[float, Field(gt=0)] | None
    scale: Literal["standard", "robust", "minmax", "none"]

    @model_validator(mode="after")
    def _indicator_goes_with_imputing(self) -> Self:
        if self.missing_indicator and self.impute == "none":
            raise ValueError(
                "'missing_indicator' says where values were filled in, and impute: none fills none"
            )
        return self


class CategoricalSteps(_Steps):
    """The steps for categorical columns, in this order.

    ``encode`` makes a column for each category (``onehot``), one number for each category
    (``ordinal``), or such numbers marked as categories, for estimators that split by them
    (``native``). With more than ``sparse_above`` columns the matrix is kept sparse, if it was made
    by an encoder that gives sparse columns; None never does.
    """

    impute: Literal["most_frequent", "constant", "none"]
    fill: str | None
    min_frequency: Annotated[int, Field(ge=1)] | None
    # Both are in no key at their standard, which every experiment of before had.
    encode: Annotated[Literal["onehot", "ordinal", "native"], Field(exclude_if=_is_one_hot)] = (
        "onehot"
    )
    sparse_above: Annotated[
        Annotated[int, Field(ge=1)] | None, Field(exclude_if=_is_standard_width)
    ] = SPARSE_ABOVE


class Transform(Record):
    """A transformer by its path, with a name for messages, seeds and records."""

    name: Annotated[str, Field(pattern=_NAME)]
    transformer: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
    params: dict[str, JsonValue] = Field(default_factory=dict)


def _checked(steps: tuple[Transform, ...]) -> tuple[Transform, ...]:
    if not steps:
        raise ValueError("there should be at least one step")
    names = [step.name for step in steps]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two steps are named '{name}'; give each a name of its own")
    return steps


def _columns(columns: str | tuple[str, ...]) -> str | tuple[str, ...]:
    if isinstance(columns, str):
        if columns not in ("numeric", "categorical"):
            raise ValueError("expected a list of columns, 'numeric' or 'categorical'")
        return columns
    if not columns:
        raise ValueError("there should be at least one column")
    for name in columns:
        if columns.count(name) > 1:
            raise ValueError(f"'{name}' is named twice")
    return columns


_Transforms = Annotated[tuple[Transform, ...], AfterValidator(_checked)]


class ColumnGroup(Record):
    """Columns that have their own steps: by name, or all of a role that no group names."""

    columns: Annotated[str | tuple[str, ...], AfterValidator(_columns)]
    steps: _Transforms


class Preprocessing(Record):
    """The steps that are learned from the training rows before a model sees them.

    Columns that ``groups`` name have the steps of their groups, all others those of their role.
    What comes out is put side by side and goes through the steps of ``then``. The rows that
    ``remove_rows`` finds are removed before anything is learned, and never from those that are
    predicted.
    """

    numeric: NumericSteps
    categorical: CategoricalSteps
    groups: dict[Annotated[str, Field(pattern=_NAME)], ColumnGroup] | None = Later
    then: _Transforms | None = Later
    remove_rows: Removal | None = Later

    @model_validator(mode="after")
    def _names_are_single(self) -> Self:
        taken = [name for name in ("numeric", "categorical") if name in (self.groups or {})]
        if taken:
            raise ValueError(f"groups: '{taken[0]}' is the name of a role; choose a different one")
        roles = [g.columns for g in (self.groups or {}).values() if isinstance(g.columns, str)]
        for role in roles:
            if roles.count(role) > 1:
                raise ValueError(f"groups: two groups take all {role} columns; name the columns")
        return self

    @property
    def has_transformers(self) -> bool:
        """True if it is more than the steps that every role has."""
        plain = self.categorical.encode == "onehot" and "none" not in (
            self.numeric.impute,
            self.categorical.impute,
        )
        return not plain or self.numeric.missing_indicator or bool(self.groups or self.then)

    def transforms(self) -> Iterator[tuple[tuple[str, ...], Transform]]:
        """Yield each declared class with the path that names it and its seed."""
        for name, group in (self.groups or {}).items():
            for step in group.steps:
                yield ("groups", name, step.name), step
        for step in self.then or ():
            yield ("then", step.name), step
        if self.remove_rows is not None and self.remove_rows.detector is not None:
            path, params = self.remove_rows.detector
            yield (REMOVAL,), Transform(name=REMOVAL, transformer=path, params=params)
