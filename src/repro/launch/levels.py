"""Determinism levels: what each of them fixes, and whether it holds in this process."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

HASH_SEED = "PYTHONHASHSEED"

_ONE_THREAD = {
    # OpenMP, which scikit-learn uses whatever n_jobs says; MKL, BLIS and Arrow fall back to it.
    "OMP_NUM_THREADS": "1",
    # OpenBLAS, and its older name, which OpenBLAS still reads.
    "OPENBLAS_NUM_THREADS": "1",
    "GOTO_NUM_THREADS": "1",
    # MKL takes the count of a domain, where one is set, over the general one.
    "MKL_NUM_THREADS": "1",
    "MKL_DOMAIN_NUM_THREADS": "MKL_DOMAIN_ALL=1",
    # BLIS takes the counts of its loops, where any is set, over the general one.
    "BLIS_NUM_THREADS": "1",
    "BLIS_JC_NT": "1",
    "BLIS_PC_NT": "1",
    "BLIS_IC_NT": "1",
    "BLIS_JR_NT": "1",
    "BLIS_IR_NT": "1",
    # Apple's Accelerate, and the compilers of expressions and of functions.
    "VECLIB_MAXIMUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
}
# Not needed: OMP_DYNAMIC and MKL_DYNAMIC may only lower a count, and one cannot be lowered;
# NUMEXPR_MAX_THREADS bounds a count that is one already; OPENBLAS_DEFAULT_NUM_THREADS is read only
# where no other is set; LOKY_MAX_CPU_COUNT counts worker processes, which change no arithmetic.

_STRICT = {HASH_SEED: "0", **_ONE_THREAD}


class Level(StrEnum):
    """How much of the environment is fixed before Python starts; each includes the ones before.

    A level is its name and the variables it fixes: adding a level is adding an entry.

    Attributes
    ----------
    variables : Mapping of str to str
        The variables that the level fixes, and the values it requires.

    Examples
    --------
    >>> Level.SEEDED < Level.STRICT
    True
    >>> Level("strict").variables["OMP_NUM_THREADS"]
    '1'
    """

    variables: Mapping[str, str]

    SEEDED = "seeded"
    STRICT = "strict", _STRICT

    def __new__(cls, value: str, variables: Mapping[str, str] | None = None) -> Self:
        """Bind a name to the variables it fixes."""
        level = str.__new__(cls, value)
        level._value_ = value
        level.variables = MappingProxyType(dict(variables or {}))
        return level

    @property
    def rank(self) -> int:
        """The position in the order of levels, from 0."""
        return tuple(Level).index(self)

    # Text would order levels by their spelling.
    def __lt__(self, other: str) -> bool:
        return self.rank < Level(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Level(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Level(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Level(other).rank


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


def in_force(level: Level, environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the reasons why a level is not in force in this process; none means that it is.

    The hash seed is read back from the interpreter, since only its value at the start counted.
    Thread counts are read back from the libraries once they are loaded, by ``repro.capture``.

    Examples
    --------
    >>> in_force(Level.SEEDED)
    ()
    """
    reasons = [
        f"{name} is {_shown(environ.get(name))}, not '{value}'"
        for name, value in missing(level, environ).items()
    ]
    if _hashes_wrongly(level):
        reasons.append(f"{HASH_SEED}=0 was not in effect when Python started")
    return tuple(reasons)


def _hashes_wrongly(level: Level) -> bool:
    # The flag is 0 for the seed 0 alone: not for another seed, nor under -R, -E or -I.
    return level.variables.get(HASH_SEED) == "0" and sys.flags.hash_randomization != 0


def _shown(value: str | None) -> str:
    return "not set" if value is None else f"'{value}'"
