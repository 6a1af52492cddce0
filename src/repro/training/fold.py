"""The fold over the stages, which records the digest of everything in and out of each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, TypeVar

from repro.core.records import Step
from repro.digest.artefact import digest_artefact
from repro.training.parts import Parts

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

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


class Ending(NamedTuple):
    """The end of a fold.

    Attributes
    ----------
    artefacts : dict of str to object
        The outputs that nothing waited for before.
    records : tuple of repro.core.records.Step
    """

    artefacts: dict[str, Any]
    records: tuple[Step, ...]


def fold(
    stages: Sequence[Stage],
    artefacts: Mapping[str, Any],
    *,
    tools: Mapping[str, Any],
    observer: Observer,
    begin: Begin = nothing_begun,
) -> tuple[dict[str, Any], Callable[[], Ending]]:
    """Run the stages in order; some run beside the others, once what they take is known.

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
        The given artefacts, and every output but those of stages that still run.
    end : callable
        Waits for these stages; to be called once.
    """
    made = _Artefacts(dict(artefacts), _digests(artefacts))
    apart = [stage for stage in stages if stage.can_run_beside(artefacts)]
    running: list[_Running] = []
    begun: set[str] = set()
    for position, stage in enumerate(stages, start=1):
        observer.stage_started(stage.name, position, len(stages))
        if stage.name in begun:
            continue
        made.take(running, stage.inputs)
        made.add(*_make(stage, {**made.values, **tools}))
        ready = [each for each in apart if each.beside == stage.name]
        if together := _possible(
            ready, {*made.values, *tools}.union(*(r.outputs for r in running))
        ):
            made.take(running, [name for each in together for name in each.inputs])
            wait = begin(partial(_make_all, together, {**made.values, **tools}))
            if wait is not None:
                running.append(_Running({name for each in together for name in each.outputs}, wait))
                begun |= {each.name for each in together}
    values, made.values = made.values, {}
    return values, partial(_end, stages, frozenset(tools), made, running)


def _possible(stages: Sequence[Stage], known: set[str]) -> list[Stage]:
    """Leave out stages that take what a stage makes that does not run beside the others."""
    found = []
    for stage in stages:
        if known.issuperset(stage.inputs):
            found.append(stage)
            known = known.union(stage.outputs)
    return found


class _Running(NamedTuple):
    """Stages that run beside the others: the names of their outputs, and what waits for them."""

    outputs: set[str]
    wait: Callable[[], _Made]


class _Artefacts:
    """Artefacts with their digests, and with those of their parts."""

    def __init__(self, values: dict[str, Any], digests: dict[str, str]) -> None:
        self.values, self.digests = values, digests
        self._parts: dict[str, Mapping[str, str]] = {}

    def add(self, values: Mapping[str, Any], digests: Mapping[str, str]) -> None:
        """Add the outputs of stages."""
        self.values |= values
        self.digests |= digests
        parts = {name: value for name, value in values.items() if isinstance(value, Parts)}
        self._parts |= {name: value.digests for name, value in parts.items()}

    def take(self, running: list[_Running], names: Iterable[str]) -> None:
        """Wait for the stages that make some of these artefacts."""
        wanted = set(names)
        for each in [each for each in running if each.outputs & wanted]:
            running.remove(each)
            self.add(*each.wait())

    def step(self, stage: Stage, tools: Container[str]) -> Step:
        """Return the record of a stage."""
        outputs: dict[str, str] = {}
        for name in stage.outputs:
            outputs |= self._parts.get(name, {name: self.digests[name]})
        return Step(
            name=stage.name,
            inputs={name: self.digests[name] for name in stage.inputs if name not in tools},
            outputs=outputs,
            version=stage.version if stage.version > 1 else None,
            acts=stage.acts,
        )


def _end(
    stages: Sequence[Stage], tools: Container[str], made: _Artefacts, running: list[_Running]
) -> Ending:
    made.take(running, [name for each in running for name in each.outputs])
    return Ending(made.values, tuple(made.step(stage, tools) for stage in stages))


def _make_all(stages: Sequence[Stage], known: Mapping[str, Any]) -> _Made:
    values: dict[str, Any] = {}
    digests: dict[str, str] = {}
    for stage in stages:
        made, found = _make(stage, {**known, **values})
        values |= made
        digests |= found
    return values, digests


def _make(stage: Stage, available: Mapping[str, Any]) -> _Made:
    result = stage.run(**{name: available[name] for name in stage.inputs})
    values = result if len(stage.outputs) > 1 else (result,)
    made = dict(zip(stage.outputs, values, strict=True))
    return made, _digests(made)


def _digests(artefacts: Mapping[str, Any]) -> dict[str, str]:
    return {name: digest_artefact(value) for name, value in artefacts.items()}
