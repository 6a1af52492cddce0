"""Admission of a worker process that this one did not start: the proof that it computes the same.

A worker of a loky pool inherits everything from the process that started it. A worker of a cluster
was started by somebody else, maybe on a different machine and long ago.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from repro.capture.distributions import with_requirements
from repro.capture.fingerprint import observe_fingerprint
from repro.capture.interpreter import observe_interpreter
from repro.capture.packages import observe_packages
from repro.core.errors import PreconditionError
from repro.execution.code import digest_of_package
from repro.execution.enforcement import check_worker
from repro.execution.loaded import begin_worker, class_paths
from repro.execution.own_modules import declared, own_code
from repro.launch import Level, in_force

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from repro.config.experiment import ExperimentConfig
    from repro.core.environment import Environment
    from repro.core.fingerprint import Fingerprint

_SHOWN = 3


@dataclass(frozen=True)
class Process:
    """Everything of a process that decides the bits it computes.

    Attributes
    ----------
    python : str
        Its version and build.
    prefix : str
        The folder of its environment: modules are recorded by their files, which are read in the
        process that trains.
    packages : mapping of str to str
        Version of each distribution, by normalised name.
    code : str
        Digest of the sources of this program.
    own : mapping of str to str
        SHA-256 of each file of the project's own modules.
    fingerprint : Fingerprint
        Of its arithmetic.
    """

    python: str
    prefix: str
    packages: Mapping[str, str]
    code: str
    own: Mapping[str, str]
    fingerprint: Fingerprint


@dataclass(frozen=True)
class Admission:
    """Checks a worker; it is sent to it.

    Attributes
    ----------
    level : str
    project : Path
    allowed : tuple of str
        The allowed modules, of which some may lie in the project.
    expected : Process
        The process that trains; of its packages, those that take part.
    """

    level: str
    project: Path
    allowed: tuple[str, ...]
    expected: Process

    def __call__(self) -> None:
        """Check this process, and prepare it for the project's own modules.

        Raises
        ------
        PreconditionError
            With each thing that is different.
        """
        level = Level(self.level)
        reasons = in_force(level)
        if reasons:
            more = f"; and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
            raise PreconditionError(
                f"determinism level '{level}' is not in force: {'; '.join(reasons[:_SHOWN])}{more}"
            )
        check_worker(self.level)
        found = observe_process(self.project, self.allowed)
        different = list(differences(self.expected, found))
        if different:
            raise PreconditionError(
                "it would not compute the same: " + "; ".join(different),
                advice="start it in the same environment, such as the same image, and with the"
                " same project; start it again if something has changed since",
            )
        folder = str(self.project.resolve())
        if declared(self.project, self.allowed) and folder not in sys.path:
            sys.path.append(folder)
        begin_worker(self.level, self.project, self.allowed)


def admission(project: Path, config: ExperimentConfig, environment: Environment) -> Admission:
    """Describe this process, which trains, for its workers.

    Parameters
    ----------
    environment : Environment
        With its fingerprint.
    """
    allowed = config.security.allowed_modules
    fingerprint = environment.fingerprint or observe_fingerprint()
    owners = packages_distributions()
    tops = {path.partition(":")[0].partition(".")[0] for path in class_paths(config)}
    served = {canonicalize_name(name) for top in tops for name in owners.get(top, ())}
    part = {*environment.runtime, *with_requirements(served)}
    packages = {n: version for n, version in environment.packages.items() if n in part}
    expected = Process(
        python=_python(),
        prefix=sys.prefix,
        packages=packages,
        code=digest_of_package(),
        own=own_code(project, allowed),
        fingerprint=fingerprint,
    )
    return Admission(config.determinism.level, project.resolve(), allowed, expected)


def observe_process(project: Path, allowed: tuple[str, ...]) -> Process:
    """Observe this process."""
    return Process(
        python=_python(),
        prefix=sys.prefix,
        packages=observe_packages(),
        code=digest_of_package(),
        own=own_code(project, allowed),
        fingerprint=observe_fingerprint(),
    )


def differences(expected: Process, actual: Process) -> Iterator[str]:
    """Yield a sentence for each thing in which a worker differs from the process that trains."""
    if actual.python != expected.python:
        yield f"Python: expected {expected.python}, found {actual.python}"
    if actual.prefix != expected.prefix:
        yield f"its environment: expected {expected.prefix}, found {actual.prefix}"
    for name, version in expected.packages.items():
        present = actual.packages.get(name, "none")
        if present != version:
            yield f"{name}: expected {version}, found {present}"
    if actual.code != expected.code:
        yield "the source code of repro differs"
    for name in sorted({*expected.own, *actual.own}):
        if expected.own.get(name) != actual.own.get(name):
            yield f"{name}: its content differs, or it is missing"
    if actual.fingerprint.digest != expected.fingerprint.digest:
        groups = expected.fingerprint.groups.items()
        named = [name for name, digest in groups if actual.fingerprint.groups.get(name) != digest]
        yield f"its numeric fingerprint differs: {', '.join(named)}"


def _python() -> str:
    found = observe_interpreter()
    return f"{found.implementation} {found.version} ({found.build}, {found.compiler})"
