"""The labels of a target of which nobody has said yet what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.errors import ConfigError
from repro.datasets.formats.interface import RefusedColumnsError

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
