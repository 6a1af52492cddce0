"""The features that preprocessing makes of columns, by name."""

from __future__ import annotations

from repro.core.model import Record


class Encoded(Record):
    """The features that a group of columns becomes, before a model sees them.

    Attributes
    ----------
    columns : tuple of str
        The columns of the group; of the common steps at the end, nothing.
    made : int
        How many features there are.
    names : tuple of str
        Their names. Empty where there are so many that they may name or describe people: names of
        categories and words are values of the data.
    """

    columns: tuple[str, ...]
    made: int
    names: tuple[str, ...]
