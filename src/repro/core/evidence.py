"""Evidence: the results that a comparison looks at, under dotted names.

An experiment's metrics and decision rule are facts and numbers like those of any other program.
What a typed file (``metrics.json``) has can be made of the evidence again, and the other way round.
"""

from __future__ import annotations

import json
from collections import deque
from itertools import count, takewhile
from operator import is_
from typing import TYPE_CHECKING, TypeVar, cast

from pydantic import JsonValue

from repro.core.candidate import Candidate, Removed
from repro.core.encoded import Encoded
from repro.core.model import Record
from repro.core.once import once
from repro.core.records import (
    Estimate,
    Finding,
    FoldScores,
    Metrics,
    Nested,
    Predictions,
    Threshold,
)
from repro.core.searched import SearchRecord, facts_of, numbers_of
from repro.core.stopped import Stopped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_C = TypeVar("_C", bound=Record)
_TEST, _CONSTANT, _FOLDS = "metrics.test.", "metrics.constant.", "metrics.cross_validation."
_ENDS = (".low", ".high")
_FINDINGS, _UNDEFINED = "metrics.findings", "metrics.undefined"
_NESTED, _CHOSEN = "metrics.nested.metrics.", "metrics.nested.selected"
_STOPPED = "metrics.early_stopping"
_OF_METRICS = ("model", "task", "selection_metric")
_DIFFERENCES = "metrics.differences"
_FEATURES = "metrics.features"
_IMPORTANCES = ("importance", "importance_by_fold")
_CANDIDATES, _REMOVED = "metrics.candidates", "metrics.removed"
_RULE, _LEARNED = ("rule", "target", "reached"), ("threshold", "precision", "recall", "cost")
_MATRIX = "threshold.matrix"
# A reference, and the record that is compared with it.
_RECENT: deque[tuple[tuple[object, ...], Evidence]] = deque(maxlen=4)


class Evidence(Record):
    """The compared results of a record.

    Attributes
    ----------
    facts : dict of str to JSON
        Equal or not; no tolerance applies.
    numbers : dict of str to float
        Compared within a tolerance.
    predictions : Predictions or None
        All of them, or a sample; None where the program makes none.
    files : dict of str to str
        Digest of each file that was written, by its path in POSIX form.
    copied_from : dict of str to str
        Dotted name of a fact or a number, or the beginning of some, and the step output
        (``stages.<step>.<output>``) that it copies.
    notes : dict of str to JSON
        Sentences beside the facts, which no comparison looks at.
    """

    facts: dict[str, JsonValue]
    numbers: dict[str, float]
    predictions: Predictions | None
    files: dict[str, str]
    copied_from: dict[str, str]
    notes: dict[str, JsonValue]

    @property
    def families(self) -> tuple[str, ...]:
        """The candidates that were cross-validated, in their order."""
        inner = (name.removeprefix(_FOLDS) for name in self.numbers if name.startswith(_FOLDS))
        return tuple(dict.fromkeys(name.rpartition(".")[0] for name in inner))

    @property
    def test_metrics(self) -> tuple[str, ...]:
        """The metrics on the held-out rows, in their order."""
        return tuple(_names(self.numbers, _TEST))


def evidence_of(
    metrics: Metrics,
    threshold: Threshold | None = None,
    predictions: Predictions | None = None,
    copied_from: Mapping[str, str] | None = None,
    search: SearchRecord | None = None,
) -> Evidence:
    """Make the evidence of an experiment.

    Parameters
    ----------
    threshold, predictions : optional
        A file of metrics alone has neither.
    search : SearchRecord, optional
        Of the candidates that have one.
    """
    parts = metrics, threshold, predictions, search
    for known, evidence in tuple(_RECENT):
        # A record is asked for its evidence again and again.
        if not copied_from and all(map(is_, known, parts)):
            return evidence
    facts, numbers, notes = _results_of(metrics, threshold, search)
    made = Evidence(
        facts=facts,
        numbers=numbers,
        predictions=predictions,
        files={},
        copied_from=dict(copied_from or {}),
        notes=notes,
    )
    if not copied_from:
        _RECENT.append((parts, made))
    return made


@once
def _results_of(
    metrics: Metrics, threshold: Threshold | None, search: SearchRecord | None
) -> tuple[dict[str, JsonValue], dict[str, float], dict[str, JsonValue]]:
    """Return facts, numbers and notes."""
    facts: dict[str, JsonValue] = {f"metrics.{n}": getattr(metrics, n) for n in _OF_METRICS}
    facts[_UNDEFINED] = dict(metrics.undefined)
    # Their sentences hold numbers, whose last bits are no fact.
    facts[_FINDINGS] = [finding.kind for finding in metrics.findings]
    if metrics.nested is not None:
        facts[_CHOSEN] = list(metrics.nested.selected)
    if metrics.early_stopping is not None:
        facts[_STOPPED] = {n: e.model_dump(mode="json") for n, e in metrics.early_stopping.items()}
    if metrics.removed is not None:
        facts[_REMOVED] = {n: e.model_dump(mode="json") for n, e in metrics.removed.items()}
    for name in ("differences", "candidates", *_IMPORTANCES):
        if (found := getattr(metrics, name)) is not None:
            facts[f"metrics.{name}"] = list(found)
    numbers = _numbers_of(metrics)
    if threshold is not None:
        facts |= {f"threshold.{name}": getattr(threshold, name) for name in _RULE}
        if threshold.matrix is not None:
            facts[_MATRIX] = {truth: dict(row) for truth, row in threshold.matrix.items()}
        learned = {name: getattr(threshold, name) for name in _LEARNED}
        numbers |= {f"threshold.{name}": v for name, v in learned.items() if v is not None}
    if search is not None:
        facts |= facts_of(search)
        numbers |= numbers_of(search)
    return facts, numbers, _notes_of(metrics)


def _notes_of(metrics: Metrics) -> dict[str, JsonValue]:
    notes: dict[str, JsonValue] = {_FINDINGS: [finding.message for finding in metrics.findings]}
    if metrics.features is not None:
        notes[_FEATURES] = {n: each.model_dump(mode="json") for n, each in metrics.features.items()}
    return notes


def _numbers_of(metrics: Metrics) -> dict[str, float]:
    numbers: dict[str, float] = {}
    estimates = {f"{_TEST}{name}": estimate for name, estimate in metrics.test.items()}
    for name, estimate in (metrics.differences or {}).items():
        estimates[f"{_DIFFERENCES}.{name}"] = estimate
    for name, estimate in estimates.items():
        numbers[name] = estimate.value
        if estimate.interval is not None:
            ends = zip(_ENDS, estimate.interval, strict=True)
            numbers |= {f"{name}{end}": value for end, value in ends}
    numbers |= {f"{_CONSTANT}{name}": value for name, value in metrics.constant.items()}
    folds = {f"{_FOLDS}{family}": each for family, each in metrics.cross_validation.items()}
    if metrics.nested is not None:
        folds |= {f"{_NESTED}{name}": each for name, each in metrics.nested.metrics.items()}
    for name in _IMPORTANCES:
        found: dict[str, FoldScores] = getattr(metrics, name) or {}
        folds |= {f"metrics.{name}.{feature}": each for feature, each in found.items()}
    for start, scores in folds.items():
        numbers[f"{start}.mean"] = scores.mean
        numbers[f"{start}.std"] = scores.std
        for position, value in enumerate(scores.folds, start=1):
            numbers[f"{start}.fold_{position}"] = value
    for name, candidate in (metrics.candidates or {}).items():
        start = f"{_CANDIDATES}.{name}"
        numbers |= {f"{start}.test.{metric}": value for metric, value in candidate.test.items()}
        if candidate.threshold is not None:
            numbers[f"{start}.threshold"] = candidate.threshold
    return numbers


def metrics_of(evidence: Evidence) -> Metrics:
    """Make the metrics of an experiment from its evidence.

    Raises
    ------
    ValueError
        If a fact or a number that every experiment has is missing.
    """
    facts, numbers = evidence.facts, evidence.numbers
    try:
        test = {name: _estimate(numbers, f"{_TEST}{name}") for name in evidence.test_metrics}
        return Metrics.model_validate(
            {
                "schema": "repro.metrics/v1",
                **{name: facts[f"metrics.{name}"] for name in _OF_METRICS},
                "test": test,
                "constant": {
                    name.removeprefix(_CONSTANT): value
                    for name, value in numbers.items()
                    if name.startswith(_CONSTANT)
                },
                "undefined": facts[_UNDEFINED],
                "cross_validation": {
                    family: _scores_of(numbers, f"{_FOLDS}{family}") for family in evidence.families
                },
                "findings": _findings_of(evidence),
                "nested": _nested_of(evidence),
                "early_stopping": _counts_of(evidence, _STOPPED, Stopped),
                "removed": _counts_of(evidence, _REMOVED, Removed),
                "differences": _differences_of(evidence),
                "candidates": _candidates_of(evidence),
                "features": _features_of(evidence),
                **{name: _importance_of(evidence, f"metrics.{name}") for name in _IMPORTANCES},
            }
        )
    except KeyError as error:
        raise ValueError(f"{error.args[0]} is missing") from error


def threshold_of(evidence: Evidence) -> Threshold:
    """Make the decision rule of an experiment from its evidence.

    Raises
    ------
    ValueError
        If a fact that every experiment has is missing.
    """
    try:
        facts = {name: evidence.facts[f"threshold.{name}"] for name in _RULE}
    except KeyError as error:
        raise ValueError(f"{error.args[0]} is missing") from error
    learned = {name: evidence.numbers.get(f"threshold.{name}") for name in _LEARNED}
    matrix = evidence.facts.get(_MATRIX)
    return Threshold.model_validate(
        {"schema": "repro.threshold/v1", **facts, **learned, "matrix": matrix}
    )


def _estimate(numbers: Mapping[str, float], name: str) -> Estimate:
    low, high = (numbers.get(f"{name}{end}") for end in _ENDS)
    return Estimate(value=numbers[name], low=low, high=high)


def _differences_of(evidence: Evidence) -> dict[str, Estimate] | None:
    families = evidence.facts.get(_DIFFERENCES)
    if not isinstance(families, list):
        return None
    return {
        str(family): _estimate(evidence.numbers, f"{_DIFFERENCES}.{family}") for family in families
    }


def _importance_of(evidence: Evidence, start: str) -> dict[str, FoldScores] | None:
    features = evidence.facts.get(start)
    if not isinstance(features, list):
        return None
    return {str(name): _scores_of(evidence.numbers, f"{start}.{name}") for name in features}


def _candidates_of(evidence: Evidence) -> dict[str, Candidate] | None:
    names, numbers = evidence.facts.get(_CANDIDATES), evidence.numbers
    if not isinstance(names, list):
        return None
    found = {}
    for name in map(str, names):
        start = f"{_CANDIDATES}.{name}"
        test = {
            metric: numbers[f"{start}.test.{metric}"]
            for metric in _names(numbers, f"{start}.test.")
        }
        found[name] = Candidate(test=test, threshold=numbers.get(f"{start}.threshold"))
    return found


def _features_of(evidence: Evidence) -> dict[str, Encoded] | None:
    found = evidence.notes.get(_FEATURES)
    if not isinstance(found, dict):
        return None
    return {name: Encoded.model_validate_json(json.dumps(each)) for name, each in found.items()}


def _nested_of(evidence: Evidence) -> Nested | None:
    if _CHOSEN not in evidence.facts:
        return None
    names = (name.removeprefix(_NESTED) for name in evidence.numbers if name.startswith(_NESTED))
    metrics = dict.fromkeys(name.rpartition(".")[0] for name in names)
    scores = {name: _scores_of(evidence.numbers, f"{_NESTED}{name}") for name in metrics}
    chosen = evidence.facts[_CHOSEN]
    selected = tuple(chosen) if isinstance(chosen, list) else chosen
    return Nested.model_validate({"selected": selected, "metrics": scores})


def _counts_of(evidence: Evidence, name: str, kind: type[_C]) -> dict[str, _C] | None:
    counts = evidence.facts.get(name)
    if not isinstance(counts, dict):
        return None
    # As JSON: a list there is a tuple in this program.
    return {name: kind.model_validate_json(json.dumps(each)) for name, each in counts.items()}


def _scores_of(numbers: Mapping[str, float], start: str) -> FoldScores:
    names = takewhile(numbers.__contains__, (f"{start}.fold_{n}" for n in count(1)))
    folds = tuple(numbers[name] for name in names)
    return FoldScores(mean=numbers[f"{start}.mean"], std=numbers[f"{start}.std"], folds=folds)


def _findings_of(evidence: Evidence) -> tuple[Finding, ...]:
    kinds, messages = evidence.facts[_FINDINGS], evidence.notes[_FINDINGS]
    if not isinstance(kinds, list) or not isinstance(messages, list) or len(kinds) != len(messages):
        raise ValueError(f"{_FINDINGS} is not a list of kinds, each with a sentence in the notes")
    pairs = zip(cast("list[str]", kinds), cast("list[str]", messages), strict=True)
    return tuple(Finding.model_validate({"kind": k, "message": m}) for k, m in pairs)


def _names(numbers: Mapping[str, float], start: str) -> Iterator[str]:
    for name in numbers:
        # A metric may be named `low`, but no name of one has a dot.
        if name.startswith(start) and "." not in name.removeprefix(start):
            yield name.removeprefix(start)
