"""Requests of a caller's own variables that the numeric libraries cannot meet.

The libraries pass over most mistakes in silence, and a kernel that is above the processor ends in
an illegal instruction: both are found from the text of the variables alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from repro.core import code_paths
from repro.core.errors import PreconditionError
from repro.core.variables import CORETYPE, DISABLE, ENABLE, TUNABLES
from repro.processor import KNOWN, X86_64_V3, X86_64_V4, architecture, present

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NONE: frozenset[str] = frozenset()
KERNELS = {name: kernel.needs for name, kernel in code_paths.KERNELS.items()}

# NumPy's groups for x86-64 since its version 2.4.
_GROUPS = {"X86_V3": X86_64_V3, "X86_V4": X86_64_V4}

# Of the wheels' baseline.
_BASELINE = code_paths.BASELINE_GROUPS["x86_64"]


def cannot_run(environ: Mapping[str, str]) -> Iterator[str]:
    """Give a sentence for each request that would keep the libraries from starting, or end them."""
    if environ.get(ENABLE) and environ.get(DISABLE):
        yield f"{ENABLE} and {DISABLE} are both set, and NumPy then refuses to be imported"
    if architecture() == "x86_64" and _BASELINE in names_in(environ.get(DISABLE, "")):
        yield f"{DISABLE} names {_BASELINE}, which NumPy is built on and refuses to switch off"
    found = present()
    if found is None:
        return
    kernel = kernel_named(environ.get(CORETYPE, ""))
    absent = KERNELS[kernel] - found if kernel else _NONE
    if absent:
        yield (
            f"{CORETYPE}={environ[CORETYPE]} requests a kernel for a newer processor; this one"
            " lacks"
            f" {', '.join(sorted(absent))}: it would crash with an illegal instruction"
        )
    for name in names_in(environ.get(ENABLE, "")):
        absent = _GROUPS.get(name, _NONE) - found
        if absent:
            lacks = ", ".join(sorted(absent))
            yield f"{ENABLE}={name} is for a newer processor; this one lacks {lacks}"


def misspelt(environ: Mapping[str, str]) -> Iterator[str]:
    """Give a sentence for each name that no library knows, and would pass over in silence."""
    from repro.core.suggest import did_you_mean  # noqa: PLC0415 - slow to import, rarely needed

    wanted = environ.get(CORETYPE, "")
    if wanted and architecture() == "x86_64" and kernel_named(wanted) is None:
        yield (
            f"{CORETYPE}={wanted} names no kernel, so OpenBLAS chooses one:"
            f" {did_you_mean(wanted, KERNELS)}"
        )
    for name, switch in switches_in(environ.get(TUNABLES, "")):
        # Names of preferences, such as Prefer_No_VZEROUPPER, are in mixed case.
        if name.lower() in KNOWN and name != name.upper():
            yield (
                f"{TUNABLES} has {switch}, and the C library ignores names that are not in"
                f" upper case; did you mean '{switch.upper()}'?"
            )


def refuse_what_cannot_run(environ: Mapping[str, str]) -> None:
    """Refuse to load libraries that would not survive what is asked of them.

    Raises
    ------
    PreconditionError
    """
    reasons = list(cannot_run(environ))
    if reasons:
        raise PreconditionError(
            "; ".join(reasons),
            advice="unset these variables, or use a level that keeps them out: --level strict",
        )


def kernel_named(text: str) -> str | None:
    """Return the kernel's name as OpenBLAS spells it, whatever the case; None where it has none.

    Examples
    --------
    >>> kernel_named("haswell"), kernel_named("Haswel")
    ('Haswell', None)
    """
    return next((name for name in KERNELS if name.lower() == text.lower()), None)


def names_in(text: str) -> list[str]:
    """Return NumPy's feature names in one of its variables.

    Examples
    --------
    >>> names_in("X86_V3, AVX512_ICL")
    ['X86_V3', 'AVX512_ICL']
    """
    return [name for name in re.split(r"[,\s]+", text) if name]


def switches_in(tunables: str) -> list[tuple[str, str]]:
    """Return the features that are switched by ``glibc.cpu.hwcaps``, each as (name, as written).

    Examples
    --------
    >>> switches_in("glibc.malloc.check=1:glibc.cpu.hwcaps=-AVX2,-fma")
    [('AVX2', '-AVX2'), ('fma', '-fma')]
    """
    values = [
        value
        for name, _, value in (part.partition("=") for part in tunables.split(":"))
        if name in {"glibc.cpu.hwcaps", "glibc.tune.hwcaps"}
    ]
    return [(each.lstrip("-"), each) for value in values for each in value.split(",") if each]
