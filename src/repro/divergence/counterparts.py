"""The numbers of a record that correspond to the metrics of a report, by their names."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.config.metrics import METRICS
from repro.config.named_metrics import metrics_in
from repro.core.errors import ConfigError
from repro.core.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from repro.config.metrics import Metric
    from repro.core.record import AnyRecord
    from repro.core.reported import ReportedMetrics

_TEST = "metrics.test."
# Words around a metric that say no more than that it is one, or that it is of held-out rows. Those
# of training and validation rows stay, so that no such number passes for one of held-out rows.
_PLAIN = frozenset({
    "metric", "metrics", "result", "results", "score", "scores", "value", "overall", "final",
    "test", "testing", "holdout", "heldout", "held_out",
})  # fmt: skip
_ENDS = ("test_", "holdout_", "held_out_")


@dataclass(frozen=True)
class Counterparts:
    """The numbers of a report with those of a record that they are compared with.

    Attributes
    ----------
    pairs : dict of tuple of str to str
        The name of a number of the record, by the keys of the report's number.
    without : tuple of tuple of str
        Keys of numbers that have no counterpart.
    """

    pairs: Mapping[tuple[str, ...], str]
    without: tuple[tuple[str, ...], ...]


def label_of(keys: Sequence[str]) -> str:
    """Return the keys of a number as one name for people, and for ``--map``."""
    return ".".join(keys)


def find_counterparts(
    reported: ReportedMetrics, record: AnyRecord, mapping: Mapping[str, str]
) -> Counterparts:
    """Find the number of a record for each number of a report.

    Parameters
    ----------
    mapping : mapping of str to str
        Names of the report by hand: the metric that each is, or an empty text for no metric.

    Raises
    ------
    ConfigError
        If a name may be several metrics, or the mapping names something that does not exist.
    """
    known = _numbers_of(record)
    chosen = _chosen(reported, known, mapping)
    pairs, without = {}, []
    for keys in reported.numbers:
        name = chosen[keys] if keys in chosen else _found(keys, known, record, reported.name)
        if name:
            pairs[keys] = name
        else:
            without.append(keys)
    return Counterparts(pairs, tuple(without))


def _numbers_of(record: AnyRecord) -> dict[str, str]:
    """Return the names of the numbers that a report can be about, by short name."""
    evidence = record.evidence
    if record.is_pipeline:
        return {name: f"{_TEST}{name}" for name in evidence.test_metrics}
    # A number of a command is named by its file and by the keys that lead to it.
    return {name: name for name in evidence.numbers}


def _chosen(
    reported: ReportedMetrics, known: Mapping[str, str], mapping: Mapping[str, str]
) -> dict[tuple[str, ...], str]:
    """Return what a user maps, by the keys of the report's numbers."""
    labels = {label_of(keys): keys for keys in reported.numbers}
    every = {**known, **{full: full for full in known.values()}}
    chosen = {}
    for name, metric in mapping.items():
        found = [labels[name]] if name in labels else _ending_in(name, labels)
        if not found:
            raise ConfigError(
                f"--map {name}={metric}: {reported.name} has no such number",
                advice=did_you_mean(name, labels),
            )
        if len(found) > 1:
            raise ConfigError(
                f"--map {name}={metric}: {len(found)} numbers of {reported.name} have that name",
                advice=f"name one of {', '.join(map(label_of, found))}",
            )
        if metric and metric not in every:
            raise ConfigError(
                f"--map {name}={metric}: the compared record has no metric '{metric}'",
                advice=did_you_mean(metric, known),
            )
        chosen[found[0]] = every[metric] if metric else ""
    return chosen


def _ending_in(name: str, labels: Mapping[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [keys for keys in labels.values() if keys[-1] == name or _word(label_of(keys)) == name]


def _found(keys: tuple[str, ...], known: Mapping[str, str], record: AnyRecord, source: str) -> str:
    """Return the number of a record that keys are the name of; empty if there is no such number.

    Raises
    ------
    ConfigError
        If there are several, or the name is used for different metrics.
    """
    if len(keys) == 1 and keys[0] in record.evidence.numbers:
        # A record that was exported to a different tool keeps the names of its numbers.
        return keys[0]
    positive = _of_positive(keys, record)
    if positive:
        # A row of one class is no average over classes, whatever the name is shared by.
        return known.get(positive, "")
    word = canonical(keys)
    words = {name: canonical(_keys_of(name)) for name in known}
    exact = [name for name in known if name == word or words[name] == word]
    metrics = (*METRICS, *metrics_in(record.config.get("metrics")))
    meant = exact or [n for n in known if words[n] in _named(metrics, word, "synonyms")]
    if len(meant) == 1:
        return known[meant[0]]
    possible = meant or [n for n in known if words[n] in _named(metrics, word, "shared")]
    if not possible:
        return ""
    label = label_of(keys)
    raise ConfigError(
        f"{source}: '{label}' may be {' or '.join(possible)}",
        advice=f"say which: --map '{label}={possible[0]}', or leave it out: --map '{label}='",
    )


def _named(metrics: Sequence[Metric], word: str, kind: str) -> Collection[str]:
    return {metric.name for metric in metrics if word in getattr(metric, kind)}


def _keys_of(name: str) -> list[str]:
    """Return the keys of a command's number, whose name begins with that of a file."""
    return name.rpartition(" ")[2].split(".")


def _of_positive(keys: tuple[str, ...], record: AnyRecord) -> str:
    """Return the metric that a row of a classification report gives of the positive label."""
    dataset = record.config.get("dataset")
    positive = dataset.get("positive") if isinstance(dataset, dict) else None
    if len(keys) > 1 and positive is not None and keys[-2] == str(positive):
        return _word(keys[-1])
    return ""


def canonical(keys: Sequence[str]) -> str:
    """Return the one spelling of a metric's name, without words that say nothing.

    Examples
    --------
    >>> canonical(["metrics", "test", "ROC-AUC"]), canonical(["macro avg", "f1-score"])
    ('roc_auc', 'macro_avg_f1_score')
    >>> canonical(["val_accuracy"]), canonical(["test_accuracy"])
    ('val_accuracy', 'accuracy')
    """
    words = [_word(key) for key in keys]
    kept = [word for word in words if word not in _PLAIN] or words[-1:]
    joined = "_".join(filter(None, kept))
    for end in _ENDS:
        joined = joined.removeprefix(end).removesuffix(f"_{end.rstrip('_')}")
    return joined


def _word(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).lower()
    return re.sub(r"[\W_]+", "_", plain).strip("_")
