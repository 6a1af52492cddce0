"""Suspects in a command that depend on chance: the clock, generators, sets, folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.record import RunRecord
from repro.core.verdict import Suspect, Verdict
from repro.divergence.aligned import steps_of
from repro.divergence.seeds import differing_seeds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from repro.core.observed import Observed
    from repro.core.record import AnyRecord
    from repro.core.verdict import Comparison, Divergence

GENERATOR = "global generator"
ENTROPY = "a generator without a seed"
CLOCK = "the clock"
ORDER = "the order of a set"
FOLDER = "names in a folder"
UNSEEDED = "it was never seeded"
SEEDED = "it was given a different seed"
STATE = "generator "
"""Before the name of a global generator, as an input of a step."""
DRAW = "a draw from "
"""Before the name of a global generator that was drawn from between two steps."""
_OF_PYTHON = "random."

_CAUSES = {
    "entropy": (ENTROPY, "it draws its seed from the system"),
    "clock": (CLOCK, "the time differs in every run"),
    "order": (ORDER, "it depends on the hash seed"),
}


def with_chance(
    expected: AnyRecord,
    actual: AnyRecord,
    comparison: Comparison,
    suspects: tuple[Suspect, ...],
) -> tuple[Suspect, ...]:
    """Return suspects that depend on chance, followed by differences of the environments.

    Nothing is added if two records are identical.
    """
    if comparison.verdict is Verdict.IDENTICAL or not comparison.divergence:
        return suspects
    return (*_found(expected, actual, comparison), *suspects)


def _found(expected: AnyRecord, actual: AnyRecord, comparison: Comparison) -> Iterator[Suspect]:
    observed, here = _observed(expected), _observed(actual)
    if observed is None or here is None or comparison.divergence is None:
        return
    generators = _generators(expected, actual, comparison.divergence)
    draws = {e.site: (e.call, e.call) for e in observed.suspects if _drawn_from(e.call)}
    if draws and not generators:
        yield _suspect(GENERATOR, draws, UNSEEDED)
    seeds = differing_seeds(observed.seeds, here.seeds)
    if generators or seeds:
        unseeded = any(remark.kind == "unseeded" for remark in observed.remarks)
        rule = SEEDED if seeds else UNSEEDED if unseeded else "it was in a different state"
        yield _suspect(GENERATOR, {**seeds, **generators}, rule)
    hashes = {record.environment.hash_seed for record in (expected, actual)}
    for kind, (cause, rule) in _CAUSES.items():
        found = (e for e in observed.suspects if e.kind == kind and not _drawn_from(e.call))
        lines = {e.site: (e.call, e.call) for e in found}
        # With the same hash seed, a set of text has the same order.
        if lines and not (kind == "order" and len(hashes) == 1 and hashes != {None}):
            yield _suspect(cause, lines, rule)
    names = dict.fromkeys([*observed.listed, *here.listed])
    pairs = {name: (observed.listed.get(name), here.listed.get(name)) for name in names}
    folders = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    if folders:
        yield _suspect(FOLDER, folders, "the command listed it")


def generators_of(suspect: Suspect) -> tuple[str, ...]:
    """Return the names of the global generators that a suspect is about."""
    found = []
    for key, (there, _) in suspect.differences.items():
        name = key.removeprefix(STATE) if key.startswith(STATE) else _drawn_from(str(there))
        found += [name] if name else []
    return tuple(dict.fromkeys(found))


def _drawn_from(call: str) -> str:
    """Return the global generator that a call draws from; empty if it is not of that kind."""
    if call.startswith(DRAW):
        return call.removeprefix(DRAW)
    return _OF_PYTHON.rstrip(".") if call.startswith(_OF_PYTHON) else ""


def _generators(
    expected: AnyRecord, actual: AnyRecord, diverged: Divergence
) -> dict[str, tuple[str | None, str | None]]:
    """Return the states of the generators that differ at the divergent step."""
    steps = steps_of(expected, actual, diverged.stage)
    return {
        name: (
            steps[0].inputs.get(name) if steps[0] else None,
            steps[1].inputs.get(name) if steps[1] else None,
        )
        for name in diverged.inputs
        if name.startswith(STATE)
    }


def _suspect(cause: str, pairs: Mapping[str, tuple[object, object]], rule: str) -> Suspect:
    return Suspect.model_validate(
        {"cause": cause, "differences": pairs, "rule": rule, "can_act": True}
    )


def _observed(record: AnyRecord) -> Observed | None:
    return record.observed if isinstance(record, RunRecord) else None
