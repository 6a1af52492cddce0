"""The tolerance of every number: as it is configured, or as it follows from what was measured."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from repro.config.project import names_in
from repro.core.errors import ConfigError, PreconditionError, SchemaError
from repro.core.jsonfile import load_record
from repro.core.noise import Noise
from repro.core.suggest import did_you_mean
from repro.divergence.expectation import expect, parted_groups
from repro.divergence.tolerance import EXACT, Limits, Tolerance

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from repro.config.models import Automatic, Verification
    from repro.core.records import RecordFile

# What the model that was selected gives.
_SELECTED = ("metrics.test", "threshold", "predictions")
_FEWEST = 2
_UNSTABLE = "scale the features, let the solver converge or break ties: a wider tolerance hides it"


def configured(settings: Verification, record: RecordFile) -> Limits:
    """Return the configured tolerances for the numbers of a record."""
    tolerance, metrics = settings.tolerance, record.metrics
    named = {}
    for family, value in (tolerance.families or {}).items():
        named[f"metrics.cross_validation.{family}"] = Tolerance.both(value)
        if family == metrics.model:
            named |= dict.fromkeys(_SELECTED, Tolerance.both(value))
    for metric, value in (tolerance.metrics or {}).items():
        named[f"metrics.test.{metric}"] = Tolerance.both(value)
        named[f"metrics.constant.{metric}"] = Tolerance.both(value)
        if metric == metrics.selection_metric:
            scores = [f"metrics.cross_validation.{family}" for family in metrics.cross_validation]
            named |= dict.fromkeys(scores, Tolerance.both(value))
    return Limits(Tolerance(tolerance.absolute, tolerance.relative), named)


def check_families(project: Path, settings: Verification) -> None:
    """Refuse a tolerance for a family that the project does not have.

    Raises
    ------
    ConfigError
    """
    known = names_in(project, "models")
    automatic = settings.auto.architectures if settings.auto else {}
    sections: dict[str, Mapping[str, float]] = {
        "tolerance.families": settings.tolerance.families or {},
        "auto.architectures": {name: v for name, v in automatic.items() if name != "default"},
    }
    for section, families in sections.items():
        for name in families:
            if name not in known:
                raise ConfigError(
                    f"configs/base.yaml: verification.{section}: unknown family '{name}'",
                    advice=did_you_mean(name, known),
                )


def automatic(
    settings: Verification, expected: RecordFile, actual: RecordFile, noise: Noise | None
) -> Limits:
    """Return the tolerances that follow from the two environments and from a measured spread.

    One fingerprint: the same bits. Other code paths of one architecture: ``factor`` times the
    spread of each number over trainings on those code paths. Another architecture: no less than is
    configured for the family.

    Raises
    ------
    ConfigError
        If the configuration has no ``verification.auto``.
    PreconditionError
        If a spread is needed and was not measured, or is of another experiment or machine.
    """
    rules = settings.auto
    if rules is None:
        raise ConfigError(
            "configs/base.yaml: --tolerance auto needs the section verification.auto",
            advice="take it over from the configs/base.yaml that comes with repro",
        )
    there, here = expected.environment, actual.environment
    crossing = there.platform.machine != here.platform.machine
    if expect(there, here).due or (not crossing and parted_groups(there, here) == ()):
        return Limits(EXACT, {}, "one fingerprint: the same bits")
    if noise is None and not crossing:
        raise PreconditionError(
            "--tolerance auto: the bits differ, and how far they may was not measured",
            advice="repro noise RECORD -o noise.json, then again with --noise noise.json",
        )
    if noise is not None:
        _check_noise(noise, expected, here.platform.machine if not crossing else "")
        if noise.unstable:
            return _unstable(configured(settings, expected), noise)
    named = _measured(rules, noise) if noise else {}
    if crossing:
        return _crossing(rules, expected, named, f"{there.platform.machine} there")
    classes = noise.classes if noise else 0
    basis = f"{rules.factor:g} times the spread over {classes} classes of code paths"
    return Limits(_tolerance(0.0), named, basis)


def read_noise(path: Path) -> Noise:
    """Read what ``repro noise`` wrote.

    Raises
    ------
    PreconditionError, SchemaError
    """
    try:
        return load_record(path.read_bytes(), path.name, Noise)
    except OSError as error:
        raise PreconditionError(
            f"{path}: cannot be read: {error.strerror}",
            advice="measure it: repro noise RECORD -o noise.json",
        ) from error
    except SchemaError as error:
        raise SchemaError(error.message, advice="measure it: repro noise RECORD -o FILE") from error


def _check_noise(noise: Noise, expected: RecordFile, machine: str) -> None:
    if noise.strict_key != expected.keys.strict_key:
        raise PreconditionError(
            f"--noise: it was measured for another experiment or seed ({noise.subject})",
            advice="measure it for this one: repro noise RECORD -o noise.json",
        )
    if machine not in {"", noise.machine}:
        raise PreconditionError(
            f"--noise: it was measured on {noise.machine}, and the records are from {machine}",
            advice=f"measure it on {machine}: repro noise RECORD -o noise.json",
        )
    if noise.classes < _FEWEST:
        raise PreconditionError(
            "--noise: all of its trainings had one fingerprint, so that it measures no spread",
            advice="measure it on a machine where more than one level gives bits of its own",
        )


def _measured(rules: Automatic, noise: Noise) -> dict[str, Tolerance]:
    return {name: _tolerance(rules.factor * width) for name, width in noise.spreads.items()}


def _tolerance(width: float) -> Tolerance:
    # Ten roundings of a double, for a number that happened to agree in every training.
    return Tolerance(width, 10 * sys.float_info.epsilon)


def _unstable(limits: Limits, noise: Noise) -> Limits:
    worst = max(noise.unstable, key=lambda name: noise.spreads[name])
    basis = (
        "as configured, since the model is numerically unstable (a spread of"
        f" {noise.spreads[worst]:.2g} between code paths, of {worst}): {_UNSTABLE}"
    )
    return Limits(limits.default, limits.named, basis)


def _crossing(
    rules: Automatic, expected: RecordFile, named: Mapping[str, Tolerance], there: str
) -> Limits:
    def least(family: str) -> Tolerance:
        return Tolerance.both(rules.architectures.get(family, rules.architectures["default"]))

    metrics = expected.metrics
    floors = {f"metrics.cross_validation.{name}": least(name) for name in metrics.cross_validation}
    floors |= dict.fromkeys(_SELECTED, least(metrics.model))
    fixed = Limits(least("default"), floors)
    wider = {
        name: Tolerance(
            max(own.absolute, fixed.of(name).absolute), max(own.relative, fixed.of(name).relative)
        )
        for name, own in named.items()
    }
    floor = least(metrics.model).absolute
    basis = f"{there}, another architecture: at least {floor:g} for {metrics.model}"
    return Limits(fixed.default, floors | wider, basis)
