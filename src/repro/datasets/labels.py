"""The labels of a target of which nobody has said yet what they are."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from repro.core.errors import ConfigError, DataError
from repro.datasets.formats.interface import RefusedColumnsError
from repro.datasets.guessing.markers import GAPS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.datasets.formats.interface import RawTable


class TwoLabelsError(ConfigError):
    """A target has two labels, and nobody has said which one is to be detected.

    Attributes
    ----------
    labels : tuple of str
        Both, sorted.
    """

    def __init__(self, target: str, labels: tuple[str, ...]) -> None:
        super().__init__(
            f"the target '{target}' has two labels, {' and '.join(labels)}",
            advice="name the one to detect: --positive LABEL",
        )
        self.labels = labels


def check_gaps(raw: RawTable, target: str) -> None:
    """Refuse a target of text in which some labels are texts that mean no value elsewhere.

    Raises
    ------
    DataError
        With what they are, how many rows have them, and both ways to decide.
    """
    try:
        raw.read({target: "number"})
    except RefusedColumnsError:
        pass
    else:
        return
    try:
        values = raw.read({target: "text"}).columns[target].tolist()
    except RefusedColumnsError:
        return
    found = [row for row, value in enumerate(values) if is_gap(value)]
    if not found:
        return
    marks = " and ".join(sorted({repr(values[row]) for row in found}))
    noun = "1 row" if len(found) == 1 else f"{len(found)} rows"
    raise DataError(
        f"{raw.label}: target '{target}': {noun} with {marks}, first in {raw.place(found[0])}: no"
        " value, or a class of its own?",
        advice="remove these rows if they have no value; if it is a class of its own, say that only"
        f" an empty cell has no value: --missing-in {shlex.quote(target)} ''",
    )


def is_gap(label: str | None) -> bool:
    """Return whether a label is a text that programs write for no value."""
    return label is not None and label.strip().lower() in GAPS


def as_written(raw: RawTable, target: str, labels: Sequence[object]) -> tuple[str, ...]:
    """Return the labels as the table has them, since a label is a text: 0, and not 0.0."""
    try:
        values = raw.read({target: "text"}).columns[target]
    except RefusedColumnsError:
        return tuple(map(str, labels))
    found = tuple(sorted({str(value) for value in values if value is not None}))
    return found if len(found) == len(labels) else tuple(map(str, labels))


def kept_positive(raw: RawTable, target: str, positive: str | None) -> str | None:
    """Return the declared positive label if the target has it and one more label, else None."""
    if target not in raw.names:
        return positive
    try:
        values = raw.read({target: "text"}).columns[target]
    except RefusedColumnsError:
        return positive
    labels = {value for value in values if value is not None and value.strip()}
    return positive if positive in labels and len(labels) == len(("positive", "other")) else None
