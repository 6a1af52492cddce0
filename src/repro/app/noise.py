"""The use case ``noise``: train at every level, and measure how far numbers move.

The levels pin the code paths of other processors, so that their bits are those other processors'
bits: the spread is the difference between processors, measured rather than guessed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from repro.app.repeat import Repetition, obstacles, perform_again
from repro.app.subjects.recorded import Named
from repro.config.common_keys import with_keys_of
from repro.config.keys import version_of
from repro.core.errors import PreconditionError, ReproError
from repro.core.jsonfile import bound
from repro.core.noise import Noise, NoiseTraining
from repro.core.record import RunRecord
from repro.divergence.outputs import outputs_of
from repro.divergence.spread import flips, spreads
from repro.execution.network import network_of_children
from repro.execution.places import Child, Silent, recipe_of
from repro.launch import Level, lacking

if TYPE_CHECKING:
    from pathlib import Path

    from repro.app.subjects.recorded import Recorded
    from repro.divergence.spread import Spread

# As the processor is, and as those of two older generations are.
ENSEMBLE = (Level.STRICT, Level.PORTABLE, Level.PORTABLE_V2)
_FEWEST = 2


class Listener(Protocol):
    """Called before every training, for people who wait."""

    def __call__(self, number: int, total: int, level: str) -> None:
        """Say what is trained."""


Trainer = Callable[[Level], RunRecord]
"""Trains at a level; raises ReproError if that is not possible or does not finish."""


def noise_of_experiment(
    project: Path, subject: Recorded, limit: float, listener: Listener
) -> Noise:
    """Train the experiment of a record on every class of code paths that this machine can run.

    Parameters
    ----------
    limit : float
        A spread beyond it, in itself and in relation to the number's size, is a finding.

    Raises
    ------
    PreconditionError
        If fewer than two trainings finished, or all had one fingerprint: there is no spread
        then. If the record is not of a training by its configuration.
    """
    recipe = recipe_of(subject.config)

    def train(level: Level) -> RunRecord:
        """Train at a level, and give the record keys of the subject's version."""
        place = Child.at(level)
        if skipped := place.lacks(project, recipe):
            raise PreconditionError(skipped.reason)
        record = place.execute(project, recipe, Silent()).record
        return record.with_keys(with_keys_of(record, version_of(subject.record.keys)).keys)

    noise = _measure(subject, train, ENSEMBLE, limit, listener)
    return bound(noise.model_copy(update={"network": network_of_children()}))


def noise_of_command(question: Repetition, limit: float, listener: Listener) -> Noise:
    """Run the command of a record on every class of code paths that this machine can run.

    It runs once more at the first level: if a command depends on chance, the spread between code
    paths cannot be separated from it.

    Raises
    ------
    PreconditionError
        As ``noise_of_experiment``; if the inputs differ from the recorded ones, or two runs at one
        level do.
    """
    record = question.command
    for reason in obstacles(record, question.folder):
        raise PreconditionError(reason)

    def run(level: Level) -> RunRecord:
        """Run at a level, unless this processor cannot."""
        if missing := lacking(level):
            raise PreconditionError(f"this processor has no {', '.join(missing)}")
        made = perform_again(replace(question, level=level), lambda _: None)
        if made.observed and made.observed.status:
            raise PreconditionError(f"the command failed with status {made.observed.status}")
        return made

    subject = Named(question.name, record)
    return bound(_measure(subject, run, (ENSEMBLE[0], *ENSEMBLE), limit, listener))


def _measure(
    subject: Named, train: Trainer, levels: Sequence[Level], limit: float, listener: Listener
) -> Noise:
    records: list[RunRecord] = []
    trainings: list[NoiseTraining] = []
    for number, level in enumerate(levels, start=1):
        listener(number, len(levels), level)
        started = time.perf_counter()
        record, failure = _trained(train, level)
        records += [record] if record else []
        seconds = round(time.perf_counter() - started, 3)
        trainings.append(_training(level, record, failure, records[:1], seconds))
        if record and number > 1 and level == levels[0]:
            _check_repetition(level, records[0], record)
    if len(records) < _FEWEST:
        failures = "; ".join(f"{each.level}: {each.failure}" for each in trainings if each.failure)
        raise PreconditionError(
            f"fewer than two trainings finished: {failures}",
            advice="repro doctor shows what is wrong on this machine",
        )
    if records[0].keys.strict_key != subject.record.keys.strict_key:
        raise PreconditionError(
            f"{subject.name}: its keys do not match a training with its configuration",
            advice="it was edited, or its data differs from this project's; get a fresh copy",
        )
    if len({each.fingerprint for each in trainings if each.fingerprint}) < _FEWEST:
        raise PreconditionError(
            "all trainings had the same fingerprint, so nothing was measured on this processor",
            advice="measure on a machine whose levels give different bits",
        )
    return _noise(subject, records, trainings, limit)


def _trained(train: Trainer, level: Level) -> tuple[RunRecord | None, str]:
    try:
        return train(level), ""
    except ReproError as error:
        return None, error.message


def _check_repetition(level: Level, first: RunRecord, second: RunRecord) -> None:
    """Refuse two runs at one level that differ.

    Raises
    ------
    PreconditionError
        With the first step or number that differs.
    """
    sides = (first, second)
    left, right = ({**outputs_of(each.stages), **each.evidence.numbers} for each in sides)
    name = next((name for name in {**left, **right} if left.get(name) != right.get(name)), None)
    if name is not None:
        raise PreconditionError(
            f"two runs at the level {level} differ: {name.removeprefix('stages.')}; a spread"
            " between levels would measure that too",
            advice="find the cause: repro explain",
        )


def _noise(
    subject: Named, records: list[RunRecord], trainings: list[NoiseTraining], limit: float
) -> Noise:
    found = spreads(records)
    if not found:
        raise PreconditionError("it gives no number, so that there is no spread to measure")
    unstable = tuple(name for name, spread in found.items() if spread.exceeds(limit))
    noise = Noise(
        schema_="repro.noise/v1",
        subject=subject.name,
        strict_key=subject.record.keys.strict_key,
        machine=records[0].environment.platform.architecture,
        trainings=tuple(trainings),
        spreads={name: spread.width for name, spread in found.items()},
        flips=flips(records),
        unstable=unstable,
        sentence="",
        digest="",
    )
    return noise.model_copy(update={"sentence": _sentence(found, unstable, noise.classes)})


def _training(
    level: Level,
    record: RunRecord | None,
    failure: str,
    first: Sequence[RunRecord],
    seconds: float,
) -> NoiseTraining:
    ours = outputs_of(record.stages) if record else {}
    theirs = outputs_of(first[0].stages) if first else {}
    fingerprint = record.environment.fingerprint if record else None
    return NoiseTraining(
        level=level,
        bits=record.environment.bits if record else None,
        fingerprint=fingerprint.digest if fingerprint else "",
        agreeing=sum(theirs.get(name) == digest for name, digest in ours.items()),
        outputs=len(ours),
        seconds=seconds,
        failure=failure,
    )


def _sentence(found: dict[str, Spread], unstable: Sequence[str], classes: int) -> str:
    worst = max(unstable or found, key=lambda name: found[name].width)
    width = found[worst].width
    if unstable:
        return (
            f"numerically unstable: a spread of {width:.2g} between code paths, of {worst}; scale"
            " the features, let the solver converge, or break ties; do not widen the tolerance"
        )
    if not width:
        return f"the same numbers on all {classes} classes of code paths"
    return f"stable: the widest spread over {classes} classes is {width:.2g}, of {worst}"
