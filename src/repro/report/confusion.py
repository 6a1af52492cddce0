"""The confusion of classes by a run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repro.core.records import Predictions

# More columns than this no screen shows.
_CLASSES = 20


@dataclass(frozen=True)
class Confusion:
    """Counts of held-out rows by what they are and by what they were taken for.

    Attributes
    ----------
    labels : tuple of str
    counts : tuple of tuple of int
        Rows are the truth, columns the predicted label.
    left : int
        Number of classes that are not among the labels.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    left: int

    def recall(self, place: int) -> float | None:
        """Return the share of a class that was found; None where every class is not shown."""
        return self._share(place, sum(self.counts[place]))

    def precision(self, place: int) -> float | None:
        """Return the share of a predicted label that is right; None as for ``recall``."""
        return self._share(place, sum(row[place] for row in self.counts))

    def share(self, row: int, column: int) -> float:
        """Return the share of a class's rows that got a label."""
        return self.counts[row][column] / (sum(self.counts[row]) or 1)

    def _share(self, place: int, total: int) -> float | None:
        return self.counts[place][place] / total if total and not self.left else None


def confusion(predictions: Predictions) -> Confusion | None:
    """Count the held-out rows of a classification; of many classes, those confused most."""
    pairs = Counter(
        (row.truth, row.label)
        for row in predictions.rows
        if isinstance(row.truth, str) and isinstance(row.label, str)
    )
    if not pairs:
        return None
    wrong = _wrong(pairs.items())
    ranked = sorted({label for pair in pairs for label in pair}, key=lambda c: (-wrong[c], c))
    labels = sorted(ranked[:_CLASSES])
    counts = tuple(tuple(pairs[truth, label] for label in labels) for truth in labels)
    return Confusion(tuple(labels), counts, len(ranked[_CLASSES:]))


def _wrong(pairs: Iterable[tuple[tuple[str, str], int]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for (truth, label), count in pairs:
        if truth != label:
            found[truth] += count
            found[label] += count
    return found
