"""Determinism levels: what each of them fixes, what it promises, and whether it is in force."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from repro.core.code_paths import BASELINE, CLASSES, TUNABLES_OF_LIBM
from repro.core.variables import ATEN, CORETYPE, ENABLE, FIXED, HASH_SEED, MKL, ONEDNN, TUNABLES
from repro.launch.inherited import leaking
from repro.processor import X86_64_V2, X86_64_V3, architecture, present

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from repro.core.code_paths import ProcessorClass


class Pins(NamedTuple):
    """The code paths that a portable level fixes on one architecture, and how they read back.

    Attributes
    ----------
    variables : Mapping of str to str
        What makes the libraries choose them.
    needs : frozenset of str
        The processor features without which they would end in an illegal instruction.
    bits : str
        The class of processors whose bits they give.
    kernel : str
        The name that OpenBLAS gives its kernel.
    groups : tuple of str
        NumPy's groups of functions in use beyond those of its build's baseline.
    libm : str or None
        The variant of the C library's maths functions; None where there is one only.
    aten : str or None
        The name that PyTorch gives the functions that it chose; None where none are pinned.
    """

    variables: Mapping[str, str]
    needs: frozenset[str]
    bits: str
    kernel: str
    groups: tuple[str, ...]
    libm: str | None
    aten: str | None


def _pins(bits: str, needs: frozenset[str]) -> Pins:
    paths = CLASSES[bits]
    tunables = TUNABLES_OF_LIBM.get(paths.libm or "")
    variables = {
        # OpenBLAS gives ARMV8 back in lower case.
        CORETYPE: paths.kernel.upper() if paths.architecture == "aarch64" else paths.kernel,
        ENABLE: paths.requested_group,
        **({TUNABLES: tunables} if tunables else {}),
        **_tensors(paths),
    }
    groups = () if paths.group == BASELINE else (paths.group,)
    aten = paths.aten.upper() if paths.aten else None
    return Pins(variables, needs, bits, paths.kernel, groups, paths.libm, aten)


def _tensors(paths: ProcessorClass) -> dict[str, str]:
    if paths.aten is None or paths.onednn is None:
        return {}
    # The one branch that MKL takes on the processors of every maker: others count on Intel's alone.
    return {ATEN: paths.aten, MKL: "COMPATIBLE", ONEDNN: paths.onednn}


_V3 = _pins("x86-64-v3", X86_64_V3)
_V2 = _pins("x86-64-v2", X86_64_V2)
# The oldest 64-bit ARM, on Linux: elsewhere the libraries are other builds, or Apple's.
_ARM = _pins("armv8-a", frozenset())
_ON_ARM = {"aarch64": _ARM} if sys.platform == "linux" else {}


class Level(StrEnum):
    """The part of the environment that is fixed before Python starts.

    Each includes what comes before it, but for the two portable ones, which pin the code paths to
    those of different generations of processors.

    Attributes
    ----------
    variables : Mapping of str to str
        The variables that the level fixes on this architecture, and the values it requires.
    pins : Pins or None
        The code paths that it pins on this machine; None if it pins nothing.

    Examples
    --------
    >>> Level("strict").variables["OMP_NUM_THREADS"]
    '1'
    >>> Level.STRICT.pins is None
    True
    """

    variables: Mapping[str, str]
    pins: Pins | None

    SEEDED = "seeded"
    STRICT = "strict", FIXED
    PORTABLE_V2 = "portable-v2", FIXED, {"x86_64": _V2, **_ON_ARM}
    PORTABLE = "portable", FIXED, {"x86_64": _V3, **_ON_ARM}

    def __new__(
        cls,
        value: str,
        variables: Mapping[str, str] | None = None,
        pins: Mapping[str, Pins] | None = None,
    ) -> Self:
        """Bind a name to what it fixes on this machine."""
        level = str.__new__(cls, value)
        level._value_ = value
        level.pins = (pins or {}).get(architecture())
        pinned = level.pins.variables if level.pins else {}
        level.variables = MappingProxyType({**(variables or {}), **pinned})
        return level

    @property
    def is_portable(self) -> bool:
        """True if the code paths are pinned, as far as this machine allows."""
        return self in {Level.PORTABLE, Level.PORTABLE_V2}

    @property
    def keeps_out(self) -> bool:
        """True if inherited variables that could change a result are kept out."""
        return self is not Level.SEEDED


def lacking(level: Level) -> tuple[str, ...]:
    """Return the features that the level needs and this processor lacks, sorted.

    None are lacking where the features are not known: NumPy then refuses what it cannot run.
    """
    found = present()
    if level.pins is None or found is None:
        return ()
    return tuple(sorted(level.pins.needs - found))


def missing(level: Level, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are not yet as the level requires, with the required values.

    Examples
    --------
    >>> missing(Level.SEEDED, {"OMP_NUM_THREADS": "8"})
    {}
    >>> missing(Level.STRICT, {**Level.STRICT.variables, "OMP_NUM_THREADS": "8"})
    {'OMP_NUM_THREADS': '1'}
    """
    return {name: value for name, value in level.variables.items() if environ.get(name) != value}


def unwanted(level: Level, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that could change a result and that the level keeps out.

    Examples
    --------
    >>> unwanted(Level.STRICT, {"OPENBLAS_CORETYPE": "Prescott", "HOME": "/"})
    {'OPENBLAS_CORETYPE': 'Prescott'}
    >>> unwanted(Level.SEEDED, {"OPENBLAS_CORETYPE": "Prescott"})
    {}
    """
    if not level.keeps_out:
        return {}
    return {n: value for n, value in leaking(environ).items() if n not in level.variables}


def overruled(level: Level, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that could change a result and do not have the required value.

    Examples
    --------
    >>> overruled(Level.STRICT, {"OMP_NUM_THREADS": "8", "OPENBLAS_NUM_THREADS": "1"})
    {'OMP_NUM_THREADS': '8'}
    """
    if not level.keeps_out:
        return {}
    found = leaking(environ)
    return {name: value for name, value in found.items() if level.variables.get(name) != value}


def pinned(level: Level, environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with what the level fixes, and without what it keeps out.

    Examples
    --------
    >>> pinned(Level.SEEDED, {"OMP_NUM_THREADS": "8"})
    {'OMP_NUM_THREADS': '8'}
    >>> "OPENBLAS_CORETYPE" in pinned(Level.STRICT, {"OPENBLAS_CORETYPE": "Prescott"})
    False
    """
    out = unwanted(level, environ)
    kept = {name: value for name, value in environ.items() if name not in out}
    return {**kept, **level.variables}


def in_force(level: Level, environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the reasons why a level is not in force in this process; none means that it is.

    The hash seed is read back from the interpreter, since only its value at the start counted.
    Thread counts and code paths are read back from the libraries once they are loaded.

    Examples
    --------
    >>> in_force(Level.SEEDED)
    ()
    """
    reasons = [
        f"{name} is {_shown(environ.get(name))}, not '{value}'"
        for name, value in missing(level, environ).items()
    ]
    reasons += [f"{name} is set" for name in unwanted(level, environ)]
    if _hashes_wrongly(level):
        reasons.append(f"{HASH_SEED}=0 was not in effect when Python started")
    return tuple(reasons)


def _hashes_wrongly(level: Level) -> bool:
    # The flag is 0 only for the seed 0: not for other seeds, nor under -R, -E or -I.
    return level.variables.get(HASH_SEED) == "0" and sys.flags.hash_randomization != 0


def _shown(value: str | None) -> str:
    return "not set" if value is None else f"'{value}'"
