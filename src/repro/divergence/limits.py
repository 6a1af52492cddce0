"""The tolerance of every number: as it is configured, or as it follows from what was measured."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from repro.core.errors import ConfigError, PreconditionError
from repro.core.known import FINGERPRINTS
from repro.divergence.expectation import expect, parted_groups
from repro.divergence.spread import Spread, spreads
from repro.divergence.tolerance import EXACT, Limits, Tolerance, ToleranceRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from repro.config.verification import Automatic, VerificationSettings
    from repro.core.environment import Environment
    from repro.core.evidence import Evidence
    from repro.core.meaning import Meaning
    from repro.core.noise import Noise
    from repro.core.record import AnyRecord

_GUESS = "metrics.constant.rmse"
# What the model that was selected gives.
_SELECTED = ("metrics.test", "threshold", "predictions")
_FEWEST = 2
_UNSTABLE = "scale the features, let the solver converge or break ties: a wider tolerance hides it"


def configured(settings: VerificationSettings, record: AnyRecord, basis: str = "") -> Limits:
    """Return the configured tolerances for the numbers of a record.

    Raises
    ------
    ConfigError
        As ``check_measure``.
    """
    check_measure(settings)
    tolerance, evidence = settings.tolerance, record.evidence
    named = {}
    for family, value in (tolerance.families or {}).items():
        named[f"metrics.cross_validation.{family}"] = Tolerance.both(value)
        named |= dict.fromkeys(_kept([family], evidence), Tolerance.both(value))
        if family == evidence.facts.get("metrics.model"):
            named |= dict.fromkeys(_SELECTED, Tolerance.both(value))
    for metric, value in (tolerance.metrics or {}).items():
        named[f"metrics.test.{metric}"] = Tolerance.both(value)
        named[f"metrics.constant.{metric}"] = Tolerance.both(value)
        kept = (f"{name}.test.{metric}" for name in _kept(evidence.families, evidence))
        named |= dict.fromkeys(kept, Tolerance.both(value))
        if metric == evidence.facts.get("metrics.selection_metric"):
            scores = [f"metrics.cross_validation.{family}" for family in evidence.families]
            named |= dict.fromkeys(scores, Tolerance.both(value))
    return Limits(Tolerance(tolerance.absolute, tolerance.relative), named, basis)


def _kept(families: Iterable[str], evidence: Evidence) -> list[str]:
    """Name the results of those families that were kept beside the selected one."""
    kept = evidence.facts.get("metrics.candidates")
    return [
        f"metrics.candidates.{name}" for name in families if isinstance(kept, list) and name in kept
    ]


def check_measure(settings: VerificationSettings) -> None:
    """Refuse a configured tolerance that would accept any accuracy.

    Raises
    ------
    ConfigError
        With the key of the tolerance.
    """
    tolerance = settings.tolerance
    given = {"tolerance.absolute": tolerance.absolute, "tolerance.relative": tolerance.relative}
    sections = {
        "tolerance.metrics": tolerance.metrics,
        "tolerance.families": tolerance.families,
        "auto.architectures": settings.auto and settings.auto.architectures,
    }
    for section, values in sections.items():
        given |= {f"{section}.{name}": value for name, value in (values or {}).items()}
    for key, value in given.items():
        try:
            Tolerance.both(value)
        except ConfigError as error:
            raise ConfigError(
                f"configs/base.yaml: verification.{key}: {error.message}", advice=error.advice
            ) from error


def in_units_of_target(limits: Limits, *records: AnyRecord) -> Limits:
    """Shrink what is absolute where a regression's target has a spread below 1.

    Else what is small beside any target would be wider than all of such a target. The spread is the
    error of a constant guess, as the records have it; the least one counts.
    """
    spread = min(1.0, *(record.evidence.numbers.get(_GUESS, 1.0) for record in records))
    named = {name: own.shrunk(spread) for name, own in limits.named.items()}
    return Limits(limits.default.shrunk(spread), named, limits.basis)


def automatic(
    settings: VerificationSettings,
    expected: AnyRecord,
    actual: AnyRecord,
    request: ToleranceRequest,
    meaning: Meaning,
) -> Limits:
    """Return the tolerances that follow from the two environments and from a measured spread.

    One fingerprint: the same bits. Other code paths of one architecture: ``factor`` times the
    spread of each number over trainings on those code paths. A different architecture: no less
    than is configured for the family, if the fingerprints of both sides are known: anybody can
    write the name of an architecture and a fingerprint into a record.

    Raises
    ------
    ConfigError
        If the configuration has no ``verification.auto``.
    PreconditionError
        If a spread is needed and was not measured, or not on this architecture.
    """
    rules, noise, known = rules_of(settings), request.noise, request.known
    there, here = expected.environment, actual.environment
    expectation, parted = expect(there, here), parted_groups(there, here)
    ours, theirs = here.platform.architecture, there.platform.architecture
    if expectation.bits_expected:
        return Limits(EXACT, {}, expectation.sentence)
    if ours == theirs and parted == ():
        return Limits(EXACT, {}, "equal fingerprints: the same bits")
    named = _measured(rules, noise) if noise else {}
    if noise and unstable(noise, expected, rules.unstable):
        return _as_configured(settings, expected, noise)
    if ours != theirs and known.has(there) and known.has(here):
        sides = f"reference {theirs}, this run {ours}"
        evaluator = meaning.copies["metrics.test"].split(".")[1]
        same = _same_inputs(evaluator, expected, actual)
        return _crossing(settings, (expected, actual), named, sides, same_scores=same)
    if noise is None:
        claimed = _unknown(there if known.has(here) else here) if ours != theirs else ""
        raise PreconditionError(
            "--tolerance auto: the bits differ, and the noise between the two machines was not"
            f" measured{claimed}",
            advice="repro noise RECORD -o noise.json, then again with --noise noise.json",
        )
    if noise.machine != ours:
        raise PreconditionError(
            f"--noise: it was measured on {noise.machine}, but the record is from {ours}",
            advice=f"measure it on {ours}: repro noise RECORD -o noise.json",
        )
    basis = f"{rules.factor:g} times the spread over {noise.classes} classes of code paths"
    return Limits(_tolerance(0.0), named, basis)


def rules_of(settings: VerificationSettings) -> Automatic:
    """Return what is made of a measured spread.

    Raises
    ------
    ConfigError
        If the configuration does not say.
    """
    if settings.auto is None:
        raise ConfigError(
            "configs/base.yaml: there is no section verification.auto",
            advice="copy it from the configs/base.yaml that comes with repro",
        )
    return settings.auto


def check_noise(noise: Noise, expected: AnyRecord) -> None:
    """Refuse a spread that says nothing of a record.

    Raises
    ------
    PreconditionError
    """
    if noise.strict_key != expected.keys.strict_key:
        raise PreconditionError(
            f"--noise: it was measured for a different experiment or seed ({noise.subject})",
            advice="measure it for this one: repro noise RECORD -o noise.json",
        )
    if noise.classes < _FEWEST:
        raise PreconditionError(
            "--noise: all of its trainings had the same fingerprint, so it measures no spread",
            advice="measure it on a machine where several levels give different bits",
        )


def unstable(noise: Noise, expected: AnyRecord, limit: float) -> tuple[str, ...]:
    """Name the numbers whose spread is beyond a limit, in relation to those of a record too.

    The sizes are the record's and the limit is the project's: what a file of noise can allow is
    bounded, whatever stands in it.
    """
    sizes = {name: spread.size for name, spread in spreads([expected]).items()}
    return tuple(
        name
        for name, width in noise.spreads.items()
        if Spread(width, sizes.get(name, 0.0)).exceeds(limit)
    )


def _measured(rules: Automatic, noise: Noise) -> dict[str, Tolerance]:
    return {name: _tolerance(rules.factor * width) for name, width in noise.spreads.items()}


def _tolerance(width: float) -> Tolerance:
    # Ten roundings of a double, for a number that happened to agree in every training.
    return Tolerance(min(width, sys.float_info.max), 10 * sys.float_info.epsilon)


def _as_configured(settings: VerificationSettings, expected: AnyRecord, noise: Noise) -> Limits:
    names = unstable(noise, expected, rules_of(settings).unstable)
    worst = max(names, key=lambda name: noise.spreads[name])
    basis = (
        "as configured, since the model is numerically unstable (a spread of"
        f" {noise.spreads[worst]:.2g} between code paths, of {worst}): {_UNSTABLE}"
    )
    return in_units_of_target(configured(settings, expected, basis), expected)


def _unknown(environment: Environment) -> str:
    platform = environment.platform
    library = f"{platform.libc} {platform.libc_version}".strip() or "an unknown C library"
    return (
        f"; {FINGERPRINTS} does not have the fingerprint of the record from"
        f" {platform.architecture} with {library}, so that architecture allows no difference"
    )


def _crossing(
    settings: VerificationSettings,
    records: tuple[AnyRecord, AnyRecord],
    named: Mapping[str, Tolerance],
    sides: str,
    *,
    same_scores: bool,
) -> Limits:
    rules = rules_of(settings)

    def least(family: str) -> Tolerance:
        """Return the least tolerance between architectures for a family."""
        return Tolerance.both(rules.architectures.get(family, rules.architectures["default"]))

    evidence = records[0].evidence
    model = str(evidence.facts.get("metrics.model"))
    floors = {f"metrics.cross_validation.{name}": least(name) for name in evidence.families}
    for name in evidence.families:
        floors |= dict.fromkeys(_kept([name], evidence), least(name))
    floors |= dict.fromkeys(_SELECTED, least(model))
    if same_scores:
        # The same scores of the same rows: nothing is left that a processor could move further.
        own, usual = floors["metrics.test"], settings.tolerance
        floors["metrics.test"] = Tolerance(
            min(own.absolute, usual.absolute), min(own.relative, usual.relative)
        )
    fixed = in_units_of_target(Limits(least("default"), floors), *records)
    wider = {
        name: Tolerance(
            max(own.absolute, fixed.of(name).absolute), max(own.relative, fixed.of(name).relative)
        )
        for name, own in named.items()
    }
    floor = least(model).absolute
    basis = f"{sides}, different architectures: at least {floor:g} for {model}"
    return Limits(fixed.default, {**fixed.named, **wider}, basis)


def _same_inputs(name: str, left: AnyRecord, right: AnyRecord) -> bool:
    """Return whether a stage of two records was given the same inputs."""
    first, second = (
        next((stage.inputs for stage in record.stages.stages if stage.name == name), None)
        for record in (left, right)
    )
    return first is not None and first == second
