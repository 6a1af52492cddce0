"""The consistency of a record: the values that it copied match the digests of their stages.

Nothing slow is imported here, and nothing is trained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.records import STAGES_VERSION
from repro.core.verdict import Check, Outcome
from repro.digest.plain import digest_plain
from repro.divergence.compare import outputs_of
from repro.training.declarations import MEANING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.core.records import DriftBaseline, Metrics, Stages, Threshold


def find_flaw(
    stages: Stages, metrics: Metrics, threshold: Threshold, baseline: DriftBaseline | None = None
) -> Check | None:
    """Tell of what no training writes; None where there is no such thing.

    Parameters
    ----------
    baseline : DriftBaseline, optional
        Only a run has one.

    Returns
    -------
    Check or None
        Its name begins with that of what was edited: ``metrics``, ``threshold``,
        ``drift_baseline`` or ``stages``. Of stages that mean something else nothing is known.
    """
    if stages.version != STAGES_VERSION:
        return None
    copies = {name: getattr(metrics, name.partition(".")[2], None) for name in MEANING.copies}
    copies |= {"threshold": threshold, "drift_baseline": baseline}
    flaws = (*_other_copies(copies, outputs_of(stages)), *_other_inputs(stages))
    return next(iter(flaws), None)


def _other_copies(copies: dict[str, object], outputs: dict[str, str]) -> Iterator[Check]:
    for name, source in MEANING.copies.items():
        expected, copy = outputs.get(source), copies[name]
        if expected is None or copy is None:
            continue
        try:
            actual = digest_plain(copy)
        except ValueError:
            # An integer that canonical JSON cannot hold was no stage's.
            actual = None
        if actual != expected:
            told = f"{name} is not what {source} has the digest of: one of the two was edited"
            yield _flaw(name, expected, actual, told)


def _other_inputs(stages: Stages) -> Iterator[Check]:
    """Hold every input against the stage that made it, or that took it first."""
    known: dict[str, tuple[str, str]] = {}
    for stage in stages.stages:
        for name, digest in stage.inputs.items():
            expected, source = known.setdefault(name, (digest, f"stages.{stage.name}"))
            if digest != expected:
                told = (
                    f"the input {name} of stages.{stage.name} is not that of {source}: one of the"
                    " two was edited"
                )
                yield _flaw(f"stages.{stage.name}.{name}", expected, digest, told)
        for name, digest in stage.outputs.items():
            known[name] = digest, f"stages.{stage.name}"


def _flaw(name: str, expected: str, actual: str | None, detail: str) -> Check:
    return Check(
        name=name, expected=expected, actual=actual, outcome=Outcome.DIFFERS, detail=detail
    )
