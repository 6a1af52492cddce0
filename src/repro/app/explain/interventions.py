"""Ways to remove a difference of two trainings on this machine, cause by cause."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from repro.app.explain.debian import release_with
from repro.app.explain.tensors import tensor_settings, tensors_beyond
from repro.core.code_paths import BASELINE_GROUPS, TUNABLES_OF_LIBM
from repro.core.variables import CORETYPE, DISABLE, ENABLE, HASH_SEED, THREADS, TUNABLES
from repro.core.verdict import Suspect
from repro.divergence.causes import suspects
from repro.divergence.configured import configured_suspects
from repro.divergence.environments import differing_fields
from repro.divergence.loaded import Loaded
from repro.divergence.numbers import greatest_relative_difference
from repro.divergence.suspicion import recorded_differences
from repro.launch import Level, cannot_run
from repro.training.declarations import MEANING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from repro.app.explain.debian import Release
    from repro.core.environment import Environment
    from repro.core.record import AnyRecord
    from repro.core.verdict import Divergence

Settings = dict[str, str | None]

_LEVEL = "determinism level"
_SECTIONS = frozenset(setting.section for setting in MEANING.settings)


@dataclass(frozen=True)
class Intervention:
    """The changes of one training on this machine.

    Attributes
    ----------
    settings : dict of str to str or None
        Environment variables; None for one that must not be set.
    sections : dict of str to JSON value
        Sections of the configuration.
    packages : dict of str to str
        Versions of packages.
    release : Release or None
        The release of Debian in whose tree it runs; None for this system.
    seeds : dict of str to int
        Seeds of the global generators of a recorded command.
    """

    settings: Settings = field(default_factory=dict)
    sections: dict[str, JsonValue] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    release: Release | None = None
    seeds: dict[str, int] = field(default_factory=dict)

    def __or__(self, other: Intervention) -> Intervention:
        """Do both."""
        return Intervention(
            self.settings | other.settings,
            self.sections | other.sections,
            self.packages | other.packages,
            self.release or other.release,
            self.seeds | other.seeds,
        )

    def __bool__(self) -> bool:
        """Return whether anything changes."""
        parts = (self.settings, self.sections, self.packages, self.release, self.seeds)
        return any(map(bool, parts))


def possible_causes(
    expected: AnyRecord, actual: AnyRecord, diverged: Divergence
) -> tuple[Suspect, ...]:
    """Return what can be the reason that two trainings part, the likeliest first.

    Where what goes in differs, those are sections of the configuration, and else differences of the
    environments.
    """
    if diverged.inputs:
        return configured_suspects(expected, actual, diverged.inputs, MEANING)
    found = recorded_differences(expected, actual)
    relative = greatest_relative_difference(expected, actual)
    ranked = suspects(found, diverged, relative, expected.stages, Loaded.by(expected, actual))
    return tuple(suspect for suspect in ranked if suspect.can_act)


def intervention_for(suspect: Suspect, expected: AnyRecord, actual: AnyRecord) -> Intervention:
    """Return what removes a difference on this machine; an empty way if nothing does."""
    packages = {
        key.removeprefix("packages."): str(there)
        for key, (there, here) in suspect.differences.items()
        if key.startswith("packages.") and there is not None and here is not None
    }
    sections = {
        key: expected.config[key]
        for key in {key.partition(".")[0] for key in suspect.differences}
        if key in _SECTIONS and key in expected.config
    }
    settings = dispatch(suspect.cause, expected.environment, actual.environment)
    other_libc = any(key.startswith("platform.libc") for key in suspect.differences)
    release = release_with(expected.environment.platform) if other_libc else None
    return Intervention(settings, sections, packages, release)


def level_suspect(expected: Environment, actual: Environment) -> Suspect | None:
    """Return the determinism level as a cause, if a different level may give the expected bits."""
    if not _level_settings(expected, actual):
        return None
    keys = ("level", "bits")
    pairs = {key: (getattr(expected, key), getattr(actual, key)) for key in keys}
    return Suspect(
        cause=_LEVEL,
        differences={key: pair for key, pair in pairs.items() if pair[0] != pair[1]},
        rule="it fixes code paths, threads and the hash seed",
        can_act=True,
    )


def _level_settings(expected: Environment, actual: Environment) -> Settings:
    """Return what brings the recorded level, or the one whose bits were recorded, for a second."""
    own = [level for level in Level if level == expected.level != actual.level]
    if expected.level == actual.level and expected.bits != actual.bits:
        own = [level for level in Level if level.pins and level.pins.bits == expected.bits]
    if not own:
        return {}
    before, wanted = dict(Level(actual.level).variables), own[0].variables
    names = {**before, **wanted}
    return {n: wanted.get(n) for n in names if before.get(n) != wanted.get(n)}


def dispatch(cause: str, expected: Environment, actual: Environment) -> Settings:
    """Return the variables that bring a cause to one environment's side; empty without any.

    Parameters
    ----------
    expected : Environment
        Whose side is wanted.
    actual : Environment
        The other side.

    Notes
    -----
    A record is somebody else's: of what it says, no more goes into the environment of a process
    this training than names that this program itself observes, and values that they can have.
    """
    by_cause = _level_settings if cause == _LEVEL else partial(_dispatch, cause)
    found = by_cause(expected, actual)
    return found if all(_is_plain(*pair) for pair in found.items()) else {}


def _is_plain(name: str, value: str | None) -> bool:
    if name == HASH_SEED:
        return value is None or re.fullmatch(r"random|[0-9]{1,10}", value) is not None
    return value is None or re.fullmatch(r"[A-Za-z0-9_.,:= -]{1,200}", value) is not None


def _dispatch(cause: str, expected: Environment, actual: Environment) -> Settings:
    paths = expected.code_paths
    if cause == "BLAS kernel":
        kernels = {n.architecture for n in expected.native if n.internal_api == "openblas"}
        kernel = kernels.pop() if len(kernels) == 1 else None
        return {CORETYPE: kernel} if kernel else {}
    if cause == "NumPy's code paths" and paths.baseline == actual.code_paths.baseline:
        beyond = [group for group in paths.enabled if group not in paths.baseline]
        baseline = BASELINE_GROUPS.get(expected.platform.machine)
        return {
            ENABLE: " ".join(beyond) or baseline,
            DISABLE: None,
        }
    if cause == "maths functions of the C library" and paths.libm != actual.code_paths.libm:
        libm = paths.libm or ""
        return {TUNABLES: TUNABLES_OF_LIBM[libm]} if libm in TUNABLES_OF_LIBM else {}
    if cause == "numbers of threads":
        recorded = expected.threads.keys() | actual.threads.keys()
        return {name: expected.threads.get(name) for name in THREADS if name in recorded}
    if cause == "hash seed":
        return {HASH_SEED: expected.hash_seed}
    return tensor_settings(cause, expected, actual)


def settings_of(record: AnyRecord, other: AnyRecord) -> Settings:
    """Return the variables that make a training like one record's where a second one differs.

    What this processor cannot run is left out.
    """
    diverged = differing_fields(record.environment, other.environment)
    found: Settings = {}
    for suspect in suspects(diverged, None, None):
        settings = dispatch(suspect.cause, record.environment, other.environment)
        if not unsupported_by_cpu(settings):
            found |= settings
    return found


def unsupported_by_cpu(settings: Mapping[str, str | None]) -> str:
    """Say why this processor cannot run what some variables ask for; empty where it can."""
    requested = {name: value for name, value in settings.items() if value is not None}
    return "; ".join((*cannot_run(requested), *tensors_beyond(requested)))


def why_untestable(suspect: Suspect, expected: AnyRecord, *, packages: bool) -> str:
    """Explain why nothing removes a difference on this machine."""
    if any(key.startswith("packages.") for key in suspect.differences) and not packages:
        return "add --packages to try the recorded version in a temporary environment"
    python, system = expected.environment.interpreter, expected.environment.platform
    reasons = {
        "MKL's code paths": "MKL chose by the kind of processor, and none of its settings brings"
        " that choice to a different kind",
        "Python": f"needs {python.implementation} {python.version} of {python.build},"
        " which this machine lacks",
        "architecture": f"needs a processor of {expected.environment.platform.machine}",
        "files that own code reads": "needs the files of the record",
        "environment variables that own code reads": "needs the values of the variables",
        "the code": "needs the code of a different commit",
        "maths functions of the C library": f"needs {system.libc} {system.libc_version}, which no"
        " Debian with a Python for this program has",
        "versions of native libraries": "they come with the wheels of NumPy and SciPy",
    }
    return reasons.get(suspect.cause, "no variable removes it on this machine")
