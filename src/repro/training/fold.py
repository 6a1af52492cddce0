"""The fold over the stages, which records the digest of everything in and out of each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from repro.core.records import Step
from repro.digest.artefact import digest_artefact
from repro.training.parts import Parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from repro.training.declarations import Stage

_T = TypeVar("_T")
# The outputs of a stage, and the digest of each.
_Made: TypeAlias = tuple[dict[str, Any], dict[str, str]]


class Observer(Protocol):
    """Receives what happens, for people who wait; it changes nothing."""

    def preparing(self, what: str) -> None:
        """Say what begins before the first stage, or after the last one."""

    def stage_started(self, name: str, position: int, total: int) -> None:
        """Say that a stage begins."""

    def task_started(self, label: str, position: int, total: int) -> None:
        """Say that one of a stage's independent tasks is running, and those before it are done."""


class Begin(Protocol):
    """Begins a function beside this process."""

    def __call__(self, function: Callable[[], _T], /) -> Callable[[], _T] | None:
        """Return what waits for the result; None where the function would run no sooner."""


def nothing_begun(_function: Callable[[], _T]) -> Callable[[], _T] | None:
    """Begin nothing."""


def fold(
    stages: Sequence[Stage],
    artefacts: Mapping[str, Any],
    *,
    tools: Mapping[str, Any],
    observer: Observer,
    begin: Begin = nothing_begun,
) -> tuple[dict[str, Any], tuple[Step, ...]]:
    """Run the stages in order; those that only look at the data may run beside the others.

    Parameters
    ----------
    stages : sequence of Stage
    artefacts : mapping of str to object
        What the first stages take; digested.
    tools : mapping of str to object
        What stages need and no result depends on, such as workers; not digested.
    observer : Observer
    begin : Begin, optional

    Returns
    -------
    artefacts : dict of str to object
        The given artefacts and every output.
    records : tuple of repro.core.records.Step
    """
    known = dict(artefacts)
    digests = {name: digest_artefact(value) for name, value in known.items()}
    ahead = _Ahead([stage for stage in stages if stage.can_run_beside(known)], begin)
    records = []
    for position, stage in enumerate(stages, start=1):
        ahead.begin(known | dict(tools))
        observer.stage_started(stage.name, position, len(stages))
        produced, found = ahead.made(stage.name) or _make(stage, known | dict(tools))
        known |= produced
        digests |= found
        inputs = {name: digests[name] for name in stage.inputs if name not in tools}
        outputs = _outputs(produced, digests)
        version = stage.version if stage.version > 1 else None
        records.append(
            Step(name=stage.name, inputs=inputs, outputs=outputs, version=version, acts=stage.acts)
        )
    return known, tuple(records)


class _Ahead:
    """Stages that run beside the others, as soon as all is known that they take together."""

    def __init__(self, stages: Sequence[Stage], begin: Begin) -> None:
        self._stages, self._begin = list(stages), begin
        self._names = {stage.name for stage in stages}
        self._wait: Callable[[], dict[str, _Made]] | None = None
        self._made: dict[str, _Made] = {}

    def begin(self, known: Mapping[str, Any]) -> None:
        """Begin them, unless that was done or something is missing."""
        own = {name for stage in self._stages for name in stage.outputs}
        taken = {name for stage in self._stages for name in stage.inputs}
        if self._stages and taken - own <= known.keys():
            self._wait = self._begin(partial(_make_all, self._stages, known))
            self._stages = []

    def made(self, name: str) -> _Made | None:
        """Return what a stage has made beside the others; None if it is not among them."""
        if self._wait is not None and name in self._names:
            self._made, self._wait = self._wait(), None
        return self._made.get(name)


def _make_all(stages: Sequence[Stage], known: Mapping[str, Any]) -> dict[str, _Made]:
    made: dict[str, _Made] = {}
    for stage in stages:
        made[stage.name] = _make(stage, known)
        known = {**known, **made[stage.name][0]}
    return made


def _make(stage: Stage, available: Mapping[str, Any]) -> _Made:
    """Run a stage; return its outputs, and the digest of each."""
    result = stage.run(**{name: available[name] for name in stage.inputs})
    values = result if len(stage.outputs) > 1 else (result,)
    produced = dict(zip(stage.outputs, values, strict=True))
    return produced, {name: digest_artefact(value) for name, value in produced.items()}


def _outputs(produced: Mapping[str, Any], digests: Mapping[str, str]) -> dict[str, str]:
    outputs: dict[str, str] = {}
    for name, value in produced.items():
        outputs |= value.digests if isinstance(value, Parts) else {name: digests[name]}
    return outputs
