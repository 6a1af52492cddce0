"""Every stage that diverges on its own, and the parts that it diverges in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.verdict import Divergence

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from repro.core.meaning import Meaning
    from repro.core.records import Stages, Step


def own_divergences(
    expected: Stages,
    actual: Stages,
    ignored: Collection[str],
    meaning: Meaning,
) -> Iterator[Divergence]:
    """Yield each stage that diverges on its own, or through an input that no stage made.

    Parameters
    ----------
    ignored : collection of str
        Dotted names of outputs that may differ.
    meaning : Meaning
        Says which stage has the parts of a different one: the parts that differ come first.
    """
    there = {stage.name: stage for stage in expected.stages}
    here = {stage.name: stage for stage in actual.stages}
    made: set[str] = set()
    for stage in expected.stages:
        other = here.get(stage.name)
        if other is None:
            continue
        inputs = {name for name in stage.inputs if stage.inputs[name] != other.inputs.get(name)}
        given = tuple(name for name in stage.inputs if name in inputs - made)
        outputs = tuple(
            name
            for name, digest in stage.outputs.items()
            if other.outputs.get(name) != digest and f"stages.{stage.name}.{name}" not in ignored
        )
        if outputs and (given or not inputs):
            name = meaning.details.get(stage.name, "")
            outputs = (*_differing(there.get(name), here.get(name)), *outputs)
            yield Divergence(stage=stage.name, outputs=outputs, inputs=given)
        made.update(meaning.made_by(stage.name, stage.outputs))


def first_part(diverged: Divergence, meaning: Meaning) -> str:
    """Return the first part that a stage diverges in, at the greatest depth; empty without any."""
    own = meaning.outputs.get(diverged.stage)
    parts = [] if own is None else [name for name in diverged.outputs if name not in own]
    found = next(iter(parts), "")
    while inner := next((name for name in parts if name.startswith(f"{found}/")), ""):
        found = inner
    return found


def _differing(expected: Step | None, actual: Step | None) -> tuple[str, ...]:
    """Return the parts that both sides have, with different bits."""
    if expected is None or actual is None:
        return ()
    other = actual.outputs
    return tuple(n for n, digest in expected.outputs.items() if other.get(n, digest) != digest)
