"""Enforcement of a determinism level, read back from the libraries once they are loaded.

Pins fail in silence: a name that is misspelt, a variable that came too late, a new build of a
library. So nothing is believed that was set, and all of it is read back.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from repro.capture import ignored_requests, load_libraries, observe_code_paths, observe_native
from repro.capture.libraries import VARIABLES
from repro.core.errors import PreconditionError
from repro.launch import Level, misspelt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from repro.core.environment import CodePaths, Environment, NativeLibrary
    from repro.launch import Pins


def find_violations(level: Level, environment: Environment) -> tuple[str, ...]:
    """Return a sentence for each thing that is not as the level promises.

    Libraries that no level can pin (Accelerate, MKL) are not held to a promise; the class of bits
    in the record says what they are.
    """
    if level is Level.SEEDED:
        return ()
    return _broken(level, environment.native, environment.code_paths)


def influences(
    level: Level, unasked: Sequence[str], libraries: Mapping[str, str] | None
) -> tuple[str, ...]:
    """Return a sentence for what came in from the caller's environment and cannot be kept out.

    Own estimators are found by ``PYTHONPATH``, and some systems need ``LD_LIBRARY_PATH``: no level
    can unset these. A level that lets variables in promises nothing of them.

    Parameters
    ----------
    unasked : sequence of str
        Files of code that no estimator asked for.
    libraries : mapping of str to str, or None
        Native libraries that neither a wheel nor the system provides.
    """
    found = []
    if level.keeps_out and unasked:
        found.append(
            f"{_listed(unasked)} was loaded from the caller's environment (PYTHONPATH, or what"
            " Python runs at its start) and can change any result: recorded by its hash; unset"
            " PYTHONPATH if that was not meant"
        )
    variables = [name for name in VARIABLES if os.environ.get(name)]
    if level.keeps_out and libraries and variables:
        found.append(
            f"{_listed(tuple(libraries))} was loaded by {_listed(variables)} in place of, or"
            " beside, the system's libraries and can change any result: recorded by its content;"
            f" unset {_listed(variables)} if that was not meant"
        )
    return tuple(found)


def check_worker(name: str) -> None:
    """Refuse to work in a process where the level is not in force.

    Raises
    ------
    PreconditionError
        That names each thing that is not as promised.
    """
    level = Level(name)
    if level is Level.SEEDED:
        return
    load_libraries()
    broken = _broken(level, observe_native(), observe_code_paths(os.environ))
    if broken:
        raise PreconditionError(
            f"determinism level '{level}' is not in force in a worker process: {'; '.join(broken)}",
            advice="make sure that nothing sets threads or code paths while repro runs, or use"
            " --workers 1",
        )


def violations_here(level: Level) -> tuple[str, ...]:
    """Return a sentence for each thing that this process does not do as the level promises.

    Only libraries that are loaded already are asked, and NumPy.
    """
    if level is Level.SEEDED:
        return ()
    return _broken(level, observe_native(), observe_code_paths(os.environ))


def _broken(level: Level, native: Sequence[NativeLibrary], paths: CodePaths) -> tuple[str, ...]:
    promises = [*_threads(native)]
    if level.pins is not None:
        promises += _pins(level.pins, native, paths)
    return tuple(promises)


def check_level(environment: Environment) -> None:
    """Refuse to go on where the recorded level is not in force.

    Raises
    ------
    PreconditionError
        That names each broken promise, and each request of the caller that had no effect.
    """
    level = Level(environment.level)
    _refuse(level, find_violations(level, environment))


def check_here(level: Level) -> None:
    """Refuse to go on where a level is not in force in this process.

    Raises
    ------
    PreconditionError
        As ``check_level``.
    """
    load_libraries()
    _refuse(level, violations_here(level))


def _refuse(level: Level, broken: Sequence[str]) -> None:
    if broken:
        raise PreconditionError(
            f"determinism level '{level}' is not in force: {'; '.join(broken)}",
            advice="make sure that nothing sets threads or code paths while repro runs; repro"
            " doctor shows what does",
        )
    if level.keeps_out:
        return
    in_vain = [*misspelt(os.environ), *ignored_requests(os.environ)]
    if in_vain:
        raise PreconditionError(
            f"the environment requests settings that are not in force: {'; '.join(in_vain)}",
            advice="correct or unset the variable, or use a level that pins: --level portable",
        )


def _threads(native: Sequence[NativeLibrary]) -> Iterator[str]:
    for library in native:
        if library.num_threads != 1:
            yield f"{library.name} has {library.num_threads} threads, not 1"


def _pins(pins: Pins, native: Sequence[NativeLibrary], paths: CodePaths) -> Iterator[str]:
    for library in native:
        if library.internal_api == "openblas" and library.architecture != pins.kernel:
            yield (
                f"{library.name} {library.version or ''} runs the kernel {library.architecture},"
                f" not {pins.kernel}"
            )
    beyond = tuple(name for name in paths.enabled if name not in paths.baseline)
    if beyond != pins.groups:
        yield f"NumPy uses the groups {_listed(beyond)}, not {_listed(pins.groups)}"
        if "SSE" in paths.baseline:
            yield (
                "NumPy before 2.4 has no such groups: install a later version, or use"
                " --level strict"
            )
    stray = {t for t in paths.targets if not t.startswith("baseline")} - set(pins.groups)
    if stray:
        yield f"NumPy runs functions of {_listed(sorted(stray))}"
    if None not in {paths.libm, pins.libm} and paths.libm != pins.libm:
        yield f"libm runs its {paths.libm} functions, not {pins.libm}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "of its baseline only"
