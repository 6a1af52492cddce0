"""``ensure_reproducibility``: seed this process, and report what else decides its results."""

from __future__ import annotations

import os
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from repro.api.seeds import hash_seed, loaded_torch, seed_all
from repro.launch import Level, in_force

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from repro.api.seeds import SeedReport

# From the one that fixes most.
_LEVELS = (Level.PORTABLE, Level.PORTABLE_V2, Level.STRICT)
_CUBLAS = "CUBLAS_WORKSPACE_CONFIG"
_LISTED = 3


@dataclass(frozen=True)
class EnvironmentFinding:
    """One thing of this process that can change a result, and its fix.

    Attributes
    ----------
    name : str
        ``hash seed``, ``threads``, ``level``, ``cublas`` or ``torch``.
    found : str
    why : str
        Why it matters to a result.
    fix : str
    """

    name: str
    found: str
    why: str
    fix: str

    def __str__(self) -> str:
        return f"{self.name}: {self.found}; {self.why}. Fix: {self.fix}"


@dataclass(frozen=True)
class ReproducibilityReport:
    """The settings and findings of ``ensure_reproducibility``.

    Attributes
    ----------
    seeds : SeedReport
    level : str
        The determinism level that is in force in this process, read back from the libraries.
    settings : mapping of str to bool
        Switches of PyTorch that were set; empty where the program has not loaded it.
    findings : tuple of EnvironmentFinding
        What can still change a result.
    """

    seeds: SeedReport
    level: str
    settings: Mapping[str, bool]
    findings: tuple[EnvironmentFinding, ...]

    @property
    def passed(self) -> bool:
        """True if there are no findings."""
        return not self.findings

    def random_state(self, *name: str | int) -> int:
        """Return the seed of one named component, as ``SeedReport.random_state``.

        Raises
        ------
        ConfigError
            As ``derive_seed``.
        """
        return self.seeds.random_state(*name)


def ensure_reproducibility(seed: int, *, names: Iterable[str] = ()) -> ReproducibilityReport:
    """Seed this process, make PyTorch deterministic if it is loaded, and examine the rest.

    What was fixed when Python started cannot be changed any more: it is a finding, with its fix.

    Parameters
    ----------
    seed, names
        As in ``seed_all``.

    Returns
    -------
    ReproducibilityReport
        A finding is a value, never an error.

    Raises
    ------
    ConfigError
        If the seed is not an integer from 0 to 2**32 - 1; nothing is set then.

    Examples
    --------
    >>> import repro
    >>> report = repro.ensure_reproducibility(7)
    >>> report.seeds.generators["numpy"], report.passed == (not report.findings)
    (7, True)
    """
    seeds = seed_all(seed, names=names)
    torch = loaded_torch()
    settings, findings = _with_torch(torch) if torch is not None else ({}, [])
    level, reasons = _level()
    findings = [*_hash_seed(), *_threads(), *_below(level, reasons), *findings]
    return ReproducibilityReport(seeds, level, MappingProxyType(settings), tuple(findings))


def _hash_seed() -> Iterator[EnvironmentFinding]:
    if hash_seed() is None:
        yield EnvironmentFinding(
            "hash seed",
            "random in every process",
            "the order of sets, and everything that depends on it, differs from run to run",
            "start Python with PYTHONHASHSEED=0, or run: repro exec -- python SCRIPT",
        )


def _threads() -> Iterator[EnvironmentFinding]:
    # Imported when used: it imports threadpoolctl, which looks through the loaded libraries.
    from repro.capture import observe_native  # noqa: PLC0415

    many = [each for each in observe_native() if each.num_threads != 1]
    if many:
        yield EnvironmentFinding(
            "threads",
            ", ".join(f"{each.name} {each.num_threads}" for each in many),
            "the order of sums follows the number of threads",
            "start Python with OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1, or run:"
            " repro exec -- python SCRIPT",
        )


def _level() -> tuple[Level, tuple[str, ...]]:
    """Return the level in force, and why the one that fixes most is not."""
    from repro.execution.enforcement import violations_here  # noqa: PLC0415 - imports NumPy

    first: tuple[str, ...] = ()
    for level in _LEVELS:
        reasons = in_force(level) or violations_here(level)
        if not reasons:
            return level, first
        first = first or reasons
    return Level.SEEDED, first


def _below(level: Level, reasons: tuple[str, ...]) -> Iterator[EnvironmentFinding]:
    if level is Level.SEEDED:
        more = f" and {len(reasons) - _LISTED} more" if len(reasons) > _LISTED else ""
        yield EnvironmentFinding(
            "level",
            f"seeded; {_LEVELS[0]} is not in force: {'; '.join(reasons[:_LISTED])}{more}",
            "the numeric libraries choose their code by the processor and the environment",
            "run: repro exec -- python SCRIPT, or record it: repro record -- python SCRIPT",
        )


def _with_torch(torch: Any) -> tuple[dict[str, bool], list[EnvironmentFinding]]:
    from repro.training.torch_generators import make_torch_deterministic  # noqa: PLC0415

    settings, findings = make_torch_deterministic(torch), []
    if torch.cuda.is_available() and not os.environ.get(_CUBLAS):
        findings.append(
            EnvironmentFinding(
                "cublas",
                f"{_CUBLAS} is not set",
                "matrix products on a graphics processor may differ from run to run",
                f"start Python with {_CUBLAS}=:4096:8",
            )
        )
    if (threads := torch.get_num_threads()) != 1:
        findings.append(
            EnvironmentFinding(
                "torch",
                f"{threads} threads",
                "the order of sums follows the number of threads",
                "call torch.set_num_threads(1)",
            )
        )
    return settings, findings
