"""Differences of two environments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.code_paths import UNLIMITED_MKL, UNLIMITED_ONEDNN, widest_instructions
from repro.core.once import once
from repro.divergence.structure import differences

# What only one side has need not differ: variables that own code reads, and results of PyTorch,
# which older records have not.
_UNREAD = ("variables.", "tensor_fingerprint.")

if TYPE_CHECKING:
    from repro.core.environment import Environment


@once
def differing_fields(
    expected: Environment, actual: Environment
) -> dict[str, tuple[object, object]]:
    """Return the fields in which two environments differ, by dotted key."""
    found = differences(comparable(expected), comparable(actual))
    return {key: pair for key, pair in found.items() if not _is_unread(key, pair)}


def _is_unread(key: str, pair: tuple[object, object]) -> bool:
    """Return whether one side did not look: what it would have found may be the same."""
    return key.startswith(_UNREAD) and None in pair


@once
def comparable(environment: Environment) -> dict[str, object]:
    """Return what is compared with a second environment: without packages that cannot matter."""
    # Variables that the level kept out had no effect; used packages are compared by version.
    idle = {"runtime", "used", "packages", "dropped"}
    value = environment.model_dump(mode="json", exclude=idle)
    if environment.tensor_fingerprint is not None:
        # The groups say where results differ; the digest over them only repeats it.
        value["tensor_fingerprint"] = environment.tensor_fingerprint.groups
    if environment.commit is not None:
        # Branches and files that differ are reported elsewhere.
        value["git"] = {"commit": environment.commit, "dirty": environment.dirty}
    value["tensors"] = _tensors(environment)
    return value | {"packages": environment.foreign_packages}


def _tensors(environment: Environment) -> dict[str, str] | None:
    """Return the code paths of PyTorch; with the kind of processor where that chooses them.

    MKL and oneDNN report no more than the limit they were given. Without one, equal reports of two
    kinds of processors do not mean equal code paths.
    """
    found, cpu = environment.tensors, environment.cpu
    widest = widest_instructions(cpu.features)
    if found is None or widest is None:
        return found
    known = dict(found)
    if found.get("onednn") == UNLIMITED_ONEDNN:
        known["onednn"] = f"{UNLIMITED_ONEDNN} with {widest}"
    if found.get("mkl") in UNLIMITED_MKL:
        known["mkl"] = f"{found['mkl']} on {cpu.vendor} with {widest}"
    return known
