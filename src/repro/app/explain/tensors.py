"""The settings that give PyTorch's three dispatchers the code paths of a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.code_paths import (
    LIMITS_OF_ONEDNN,
    UNLIMITED_MKL,
    UNLIMITED_ONEDNN,
    widest_instructions,
)
from repro.core.variables import ATEN, MKL, ONEDNN
from repro.processor import present

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from repro.core.environment import Environment

_Settings = dict[str, str | None]

# The instructions that each choice of ATEN_CPU_CAPABILITY uses, whatever the processor has.
_OF_ATEN = {"default": "SSE41", "avx2": "AVX2", "avx512": "AVX512_CORE"}


def tensor_settings(cause: str, expected: Environment, actual: Environment) -> _Settings:
    """Return the variables that bring one dispatcher to a record's side; empty without any.

    Parameters
    ----------
    cause : str
        Such as ``MKL's code paths``.
    expected : Environment
        Whose code paths are wanted.
    actual : Environment
        The other side.
    """
    wanted = expected.tensors or {}
    if not wanted or not actual.tensors:
        return {}
    if cause == "ATen's code paths" and wanted.get("aten", "").lower() in _OF_ATEN:
        return {ATEN: wanted["aten"].lower()}
    if cause == "MKL's code paths" and "mkl" in wanted:
        return _of_mkl(wanted["mkl"], expected, actual)
    if cause == "oneDNN's code paths" and "onednn" in wanted:
        return _of_onednn(wanted["onednn"], expected, actual)
    return {}


def tensors_beyond(settings: Mapping[str, str]) -> Iterator[str]:
    """Give a sentence for each request that PyTorch cannot meet on this processor.

    ATen obeys, and ends in an illegal instruction. oneDNN takes less, and does not say so.
    """
    features = present()
    if features is None:
        return
    for name in (ATEN, ONEDNN):
        value = settings.get(name, "")
        needs = LIMITS_OF_ONEDNN.get(_OF_ATEN.get(value, value), frozenset())
        if absent := needs - features:
            lacks = ", ".join(sorted(absent))
            yield f"{name}={value} is for a newer processor; this one lacks {lacks}"


def not_taken(settings: Mapping[str, str | None], found: Mapping[str, str]) -> str:
    """Say which requested code paths a finished run did not use; empty if it used them all.

    Parameters
    ----------
    settings : mapping of str to str or None
        The variables that were set for the run.
    found : mapping of str to str
        What its libraries report (``Environment.tensors``).

    Examples
    --------
    >>> not_taken({"MKL_CBWR": "AVX512"}, {"mkl": "AUTO"})
    'MKL_CBWR=AVX512 had no effect: the library reports AUTO'
    """
    asked = {"aten": settings.get(ATEN), "mkl": settings.get(MKL)}
    names = {"aten": ATEN, "mkl": MKL}
    return "; ".join(
        f"{names[key]}={value} had no effect: the library reports {found[key]}"
        for key, value in asked.items()
        if value and key in found and found[key].upper() != value.upper()
    )


def _of_mkl(branch: str, expected: Environment, actual: Environment) -> _Settings:
    if branch not in UNLIMITED_MKL:
        return {MKL: branch}
    if expected.cpu.vendor != actual.cpu.vendor or _widest(expected) != _widest(actual):
        return {}
    return {MKL: None if branch == "OFF" else branch}


def _of_onednn(limit: str, expected: Environment, actual: Environment) -> _Settings:
    if limit != UNLIMITED_ONEDNN:
        return {ONEDNN: limit}
    widest = _widest(expected)
    return {ONEDNN: None if widest == _widest(actual) else widest}


def _widest(environment: Environment) -> str | None:
    return widest_instructions(environment.cpu.features)
