"""The use case ``noise``: train at every level, and measure how far numbers move.

The levels pin the code paths of other processors, so that their bits are those other processors'
bits: the spread is the difference between processors, measured rather than guessed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from repro.config.common_keys import with_keys_of
from repro.config.keys import version_of
from repro.core.errors import PreconditionError, ReproError
from repro.core.jsonfile import bound
from repro.core.noise import Noise, NoiseTraining
from repro.divergence.compare import outputs_of
from repro.divergence.spread import flips, spreads
from repro.execution.network import network_of_children
from repro.execution.places import Child, Silent, recipe_of
from repro.launch import Level

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from repro.app.subjects.recorded import Recorded
    from repro.config.experiment import ExperimentConfig
    from repro.core.record import RunRecord
    from repro.divergence.spread import Spread
    from repro.execution.places import Place

# As the processor is, and as those of two older generations are.
ENSEMBLE = (Level.STRICT, Level.PORTABLE, Level.PORTABLE_V2)
_FEWEST = 2


class Listener(Protocol):
    """Called before every training, for people who wait."""

    def __call__(self, number: int, level: str) -> None:
        """Say what is trained."""


def measure_noise(project: Path, subject: Recorded, limit: float, listener: Listener) -> Noise:
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
    records: list[RunRecord] = []
    trainings: list[NoiseTraining] = []
    for number, level in enumerate(ENSEMBLE, start=1):
        listener(number, level)
        started = time.perf_counter()
        record, failure = _train(project, subject.config, Child.at(level))
        records += [record] if record else []
        seconds = round(time.perf_counter() - started, 3)
        trainings.append(_training(level, record, failure, records[:1], seconds))
    if len(records) < _FEWEST:
        failures = "; ".join(f"{each.level}: {each.failure}" for each in trainings if each.failure)
        raise PreconditionError(
            f"fewer than two trainings finished: {failures}",
            advice="repro doctor shows what is wrong on this machine",
        )
    trained = with_keys_of(records[0], version_of(subject.record.keys))
    if trained.keys.strict_key != subject.record.keys.strict_key:
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


def _noise(
    subject: Recorded, records: list[RunRecord], trainings: list[NoiseTraining], limit: float
) -> Noise:
    found = spreads(records)
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
        network=network_of_children(),
    )
    return bound(noise.model_copy(update={"sentence": _sentence(found, unstable, noise.classes)}))


def _train(project: Path, config: ExperimentConfig, place: Place) -> tuple[RunRecord | None, str]:
    recipe = recipe_of(config)
    if skipped := place.lacks(project, recipe):
        return None, skipped.reason
    try:
        return place.execute(project, recipe, Silent()).record, ""
    except ReproError as error:
        return None, error.message


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
