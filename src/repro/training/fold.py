"""The fold over the stages, which records the digest of everything in and out of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from repro.core.records import Step
from repro.digest.artefact import digest_artefact
from repro.training.parts import Parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from repro.training.declarations import Stage


class Observer(Protocol):
    """Receives what happens, for people who wait; it changes nothing."""

    def preparing(self, what: str) -> None:
        """Say what begins before the first stage, or after the last one."""

    def stage_started(self, name: str, position: int, total: int) -> None:
        """Say that a stage begins."""

    def task_started(self, label: str, position: int, total: int) -> None:
        """Say that one of a stage's independent tasks is running, and those before it are done."""


def fold(
    stages: Sequence[Stage],
    artefacts: Mapping[str, Any],
    *,
    tools: Mapping[str, Any],
    observer: Observer,
) -> tuple[dict[str, Any], tuple[Step, ...]]:
    """Run the stages in order.

    Parameters
    ----------
    stages : sequence of Stage
    artefacts : mapping of str to object
        What the first stages take; digested.
    tools : mapping of str to object
        What stages need and no result depends on, such as workers; not digested.
    observer : Observer

    Returns
    -------
    artefacts : dict of str to object
        The given artefacts and every output.
    records : tuple of repro.core.records.Step
    """
    known = dict(artefacts)
    digests = {name: digest_artefact(value) for name, value in known.items()}
    records = []
    for position, stage in enumerate(stages, start=1):
        observer.stage_started(stage.name, position, len(stages))
        produced = _produce(stage, known | dict(tools))
        known |= produced
        digests |= {name: digest_artefact(value) for name, value in produced.items()}
        inputs = {name: digests[name] for name in stage.inputs if name not in tools}
        outputs = _outputs(produced, digests)
        version = stage.version if stage.version > 1 else None
        records.append(
            Step(name=stage.name, inputs=inputs, outputs=outputs, version=version, acts=stage.acts)
        )
    return known, tuple(records)


def _outputs(produced: Mapping[str, Any], digests: Mapping[str, str]) -> dict[str, str]:
    outputs: dict[str, str] = {}
    for name, value in produced.items():
        outputs |= value.digests if isinstance(value, Parts) else {name: digests[name]}
    return outputs


def _produce(stage: Stage, available: Mapping[str, Any]) -> dict[str, Any]:
    result = stage.run(**{name: available[name] for name in stage.inputs})
    values = result if len(stage.outputs) > 1 else (result,)
    return dict(zip(stage.outputs, values, strict=True))
