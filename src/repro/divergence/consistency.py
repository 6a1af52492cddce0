"""The consistency of a record: the values that it copied match the digests of their stages.

The module imports nothing slow, and nothing is trained.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from repro.core.canonical import tagged_digest
from repro.core.errors import SchemaError
from repro.core.once import once
from repro.core.searched import SEARCH
from repro.core.verdict import Check, Outcome
from repro.digest.plain import digest_plain
from repro.divergence.held_out import digests_of_columns, find_odd_row
from repro.divergence.outputs import outputs_of
from repro.divergence.recount import agrees, recount

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import JsonValue

    from repro.core.baseline import DriftBaseline
    from repro.core.meaning import Meaning
    from repro.core.records import Metrics, Predictions, Stages, Threshold
    from repro.core.searched import SearchRecord

# Each family of the models is digested separately.
_BY_PARTS = {"models"}
_NONE = digest_plain(None)
_digest_of_section = once(partial(tagged_digest, "json"))


@dataclass(frozen=True)
class Results:
    """The results of a record, each of which is a copy of what a stage gave.

    Attributes
    ----------
    stages : Stages
    metrics : Metrics
    threshold : Threshold
    predictions : Predictions or None
        All of them, or a sample, of which each row alone is checked.
    baseline : DriftBaseline or None
        Only a run has one.
    search : SearchRecord or None
        If any candidate has one.
    """

    stages: Stages
    metrics: Metrics
    threshold: Threshold
    predictions: Predictions | None = None
    baseline: DriftBaseline | None = None
    search: SearchRecord | None = None


def find_inconsistency(results: Results, meaning: Meaning) -> Check | None:
    """Return the first value that no training writes; None without one.

    Returns
    -------
    Check or None
        Its name begins with that of what was edited: ``metrics``, ``threshold``, ``predictions``,
        ``drift_baseline`` or ``stages``.

    Raises
    ------
    SchemaError
        If a stage has a version that this program does not know: nothing says what it means.
    """
    stages, metrics, predictions = results.stages, results.metrics, results.predictions
    _check_versions(stages, meaning)
    outputs = outputs_of(stages)
    known = digests_of_metrics(metrics)
    copies = {
        name: (getattr(metrics, field, None), known.get(field, _NONE))
        for name, (start, _, field) in ((name, name.partition(".")) for name in meaning.copies)
        if start == "metrics"
    }
    others = {
        "threshold": results.threshold, "drift_baseline": results.baseline, SEARCH: results.search,
    }  # fmt: skip
    copies |= {name: (copy, _digest(copy)) for name, copy in others.items()}
    # A record may be older than a result, but has what its optional stages gave.
    digests: dict[str, tuple[str, ...]] = {
        name: (digest,)
        for name, (copy, digest) in copies.items()
        if copy is not None or _gives_optional(meaning, name, outputs)
    }
    if predictions is not None and len(predictions.rows) == predictions.total:
        digests |= digests_of_columns(predictions)
    flaws = chain(_other_copies(digests, outputs, meaning), _other_inputs(stages, meaning))
    if predictions is not None:
        odd = _other_rows(predictions, results.threshold)
        flaws = chain(flaws, odd, _other_metrics(predictions, metrics))
    return next(flaws, None)


def _gives_optional(meaning: Meaning, name: str, outputs: Mapping[str, str]) -> bool:
    source = meaning.copies.get(name, "")
    return source in outputs and source.split(".")[1] in meaning.optional


def find_odd_stage(
    stages: Stages, config: Mapping[str, JsonValue], meaning: Meaning
) -> Check | None:
    """Return the first thing that a stage says of itself and that no training writes, or None.

    That is an input that is not the section of the configuration it is made of, and a list of what
    acts in a stage that is not the declared one of its version.

    Parameters
    ----------
    config : mapping
        As recorded; every section has the fields that it had when it was written.
    """
    # Records of the first version say it of no stage, later ones of every stage.
    sections = meaning.sections - _BY_PARTS
    recorded = any(stage.acts is not None for stage in stages.stages)
    for stage in stages.stages:
        declared = meaning.acts.get((stage.name, stage.version or 1))
        if recorded and declared is not None and stage.acts != declared:
            detail = f"the mechanisms of stages.{stage.name} are not those declared: it was edited"
            return _flaw(f"stages.{stage.name}.acts", [*declared], [*(stage.acts or ())], detail)
        for name, digest in stage.inputs.items():
            if name in sections and digest != _digest_of_section(config.get(name)):
                detail = (
                    f"the input {name} of stages.{stage.name} is not the section {name} of the"
                    " configuration: one of the two was edited"
                )
                return _flaw(f"stages.{stage.name}.{name}", None, digest, detail)
    return None


def _check_versions(stages: Stages, meaning: Meaning) -> None:
    for stage in stages.stages:
        newest = meaning.versions.get(stage.name, 1)
        if stage.version is not None and not 1 < stage.version <= newest:
            raise SchemaError(
                f"stages.{stage.name}: version {stage.version} is not known; this program knows"
                f" versions up to {newest}",
                advice="use the version of repro that wrote the record, or a newer one",
            )


@once
def digests_of_metrics(metrics: Metrics) -> dict[str, str]:
    """Return the digest of each part of the metrics; empty where no stage can have given it."""
    names = (name for name in type(metrics).model_fields if not name.endswith("_"))
    return {name: _digest(getattr(metrics, name)) for name in names}


def _digest(copy: object) -> str:
    try:
        return digest_plain(copy)
    except ValueError:
        # An integer that canonical JSON cannot hold was no stage's.
        return ""


def _other_copies(
    digests: dict[str, tuple[str, ...]], outputs: dict[str, str], meaning: Meaning
) -> Iterator[Check]:
    for name, source in meaning.copies.items():
        possible = digests.get(name)
        if not possible:
            continue
        expected = outputs.get(source)
        if expected is None:
            detail = f"{name} is a copy of {source}, which the stages do not have: they were edited"
            yield _flaw(name, None, possible[0], detail)
        elif expected not in possible:
            detail = f"{name} is not what {source} has the digest of: one of the two was edited"
            yield _flaw(name, expected, possible[0] or None, detail)


def _other_rows(predictions: Predictions, threshold: Threshold) -> Iterator[Check]:
    if found := find_odd_row(predictions, threshold):
        yield _flaw("predictions", None, None, f"predictions: {found}: one of the two was edited")


def _other_metrics(predictions: Predictions, metrics: Metrics) -> Iterator[Check]:
    """Compare the metrics with those of the predictions, where there are all of them."""
    if len(predictions.rows) != predictions.total:
        return
    for name, value in recount(predictions).items():
        recorded = metrics.test.get(name)
        if recorded is not None and not agrees(recorded.value, value):
            detail = (
                f"predictions have a {name} of {value}, and metrics.test.{name} is"
                f" {recorded.value}: one of the two was edited"
            )
            yield _flaw("predictions", recorded.value, value, detail)


def _other_inputs(stages: Stages, meaning: Meaning) -> Iterator[Check]:
    """Compare every input with the stage that made it, or that took it first."""
    known: dict[str, tuple[str, str]] = {}
    for stage in stages.stages:
        for name, digest in stage.inputs.items():
            expected, source = known.setdefault(name, (digest, f"stages.{stage.name}"))
            if digest != expected:
                detail = (
                    f"the input {name} of stages.{stage.name} is not that of {source}: one of the"
                    " two was edited"
                )
                yield _flaw(f"stages.{stage.name}.{name}", expected, digest, detail)
        for name, digest in meaning.made_by(stage.name, stage.outputs).items():
            known[name] = digest, f"stages.{stage.name}"


def _flaw(name: str, expected: JsonValue, actual: JsonValue, detail: str) -> Check:
    return Check(
        name=name, expected=expected, actual=actual, outcome=Outcome.DIFFERS, detail=detail
    )
