"""Metrics that only one of two records has, such as one that a later version measures.

They are reported and not compared. Outputs that differ by nothing else are explained by them. Where
the records share no metric at all, nothing is unmatched: then everything is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from repro.core.evidence import Evidence
    from repro.core.meaning import Meaning

_UNDEFINED = "metrics.undefined"
_ENDS = ("", ".low", ".high")


def unmatched(expected: Evidence, actual: Evidence) -> dict[str, str]:
    """Return a sentence for every metric that only one of two records has, by its name."""
    before, after = _names(expected), _names(actual)
    if not set(expected.test_metrics) & set(actual.test_metrics):
        return {}
    sides = (("the reference", before, after), ("this run", after, before))
    found: dict[str, str] = {}
    for side, one, other in sides:
        lonely = [name for name in one if name not in other]
        found |= dict.fromkeys(lonely, f"only in {side}: {', '.join(lonely)}")
    return found


def without(evidence: Evidence, names: Mapping[str, str]) -> Evidence:
    """Leave some metrics out of the held-out rows' and of the constant guess's."""
    if not names:
        return evidence
    gone = {f"metrics.constant.{name}" for name in names}
    gone |= {f"metrics.test.{name}{end}" for name in names for end in _ENDS}
    numbers = {name: value for name, value in evidence.numbers.items() if name not in gone}
    kept: JsonValue = {k: v for k, v in _undefined(evidence).items() if k not in names}
    facts = evidence.facts | ({_UNDEFINED: kept} if _UNDEFINED in evidence.facts else {})
    return evidence.model_copy(update={"numbers": numbers, "facts": facts})


def explained_outputs(expected: Evidence, actual: Evidence, meaning: Meaning) -> dict[str, str]:
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
    for section in ("test", "undefined", "constant"):
        whole = {*_section(expected, section), *_section(actual, section)}
        reasons = [
            sentence
            for name, sentence in names.items()
            if name in whole or f"metrics.{section}.{name}" in whole
        ]
        source = meaning.copies.get(f"metrics.{section}")
        # Like this comparison, the digest of an output has one value for 0.0 and -0.0.
        if source and reasons and _section(shared[0], section) == _section(shared[1], section):
            found[source] = reasons[0]
    return found


def _section(evidence: Evidence, section: str) -> dict[str, JsonValue]:
    if section == "undefined":
        return _undefined(evidence)
    start = f"metrics.{section}."
    return {name: value for name, value in evidence.numbers.items() if name.startswith(start)}


def _names(evidence: Evidence) -> dict[str, None]:
    return dict.fromkeys([*evidence.test_metrics, *_undefined(evidence)])


def _undefined(evidence: Evidence) -> dict[str, JsonValue]:
    found = evidence.facts.get(_UNDEFINED)
    return found if isinstance(found, dict) else {}
