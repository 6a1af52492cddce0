"""Metrics that only one of two records has, such as one that a later version measures.

They are reported and not compared. Outputs that differ by nothing else are explained by them. Where
the records share no metric at all, nothing is unmatched: then everything is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.core.meaning import Meaning
    from repro.core.records import Metrics

_SECTIONS = ("test", "undefined", "constant")


def unmatched(expected: Metrics, actual: Metrics) -> dict[str, str]:
    """Return a sentence for every metric that only one of two records has, by its name."""
    before, after = _names(expected), _names(actual)
    if not expected.test.keys() & actual.test.keys():
        return {}
    sides = (("the reference", before, after), ("this run", after, before))
    found: dict[str, str] = {}
    for side, one, other in sides:
        lonely = [name for name in one if name not in other]
        found |= dict.fromkeys(lonely, f"only in {side}: {', '.join(lonely)}")
    return found


def without(metrics: Metrics, names: Mapping[str, str]) -> Metrics:
    """Leave some metrics out of the held-out rows' and of the constant guess's."""
    kept = {
        section: {
            name: value for name, value in getattr(metrics, section).items() if name not in names
        }
        for section in _SECTIONS
    }
    return metrics.model_copy(update=kept)


def explained_outputs(expected: Metrics, actual: Metrics, meaning: Meaning) -> dict[str, str]:
    """Return why outputs differ that records copy, and whose copies have the same bits otherwise.

    Returns
    -------
    dict of str to str
        A sentence by dotted name of an output.
    """
    names = unmatched(expected, actual)
    if not names:
        return {}
    shared = without(expected, names), without(actual, names)
    found = {}
    for section in _SECTIONS:
        whole = [name for side in (expected, actual) for name in getattr(side, section)]
        reasons = [names[name] for name in whole if name in names]
        source = meaning.copies.get(f"metrics.{section}")
        # Like this comparison, the digest of an output has one value for 0.0 and -0.0.
        if source and reasons and getattr(shared[0], section) == getattr(shared[1], section):
            found[source] = reasons[0]
    return found


def _names(metrics: Metrics) -> dict[str, None]:
    return dict.fromkeys([*metrics.test, *metrics.undefined])
