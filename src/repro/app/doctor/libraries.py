"""The numeric libraries as they are loaded: bits, threads, and copies that disagree."""

from __future__ import annotations

from collections import Counter
from importlib.util import find_spec
from typing import TYPE_CHECKING

from repro.app.answers import Status
from repro.app.doctor.case import Death, Observation
from repro.core.variables import ATEN, MKL, ONEDNN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.app.doctor.case import Case
    from repro.core.environment import NativeLibrary
    from repro.execution.probe import Probe

_OF_TORCH = {ATEN: "its own functions", MKL: "MKL", ONEDNN: "oneDNN"}
_LLVM = {"libomp", "libiomp", "libiomp5md"}


def bits(case: Case) -> Iterator[Observation]:
    """Report the class of bits without pins, and at the level."""
    if not case.alive:
        return
    by_level = None if isinstance(case.pinned, Death | None) else case.pinned.environment.bits
    by_itself = None if isinstance(case.own, Death) else case.own.environment.bits
    if case.level.pins is None:
        yield Observation(
            "class of bits",
            Status.WARNING,
            f"{by_level or by_itself}, the processor's own; level '{case.level}' pins nothing",
            "a processor of a different class rounds the last bits differently",
            "use a level that pins code paths, if this architecture has one: --level portable",
        )
    elif by_level is None or by_itself == by_level:
        yield Observation("class of bits", Status.OK, str(by_level or by_itself))
    else:
        yield Observation(
            "class of bits",
            Status.CONTROLLED,
            f"{by_itself or 'unknown'} without pins, {by_level} at level '{case.level}'",
            "a processor of a different class rounds the last bits differently",
            "run programs that must have the same bits by: repro exec -- COMMAND",
        )


def threads(case: Case) -> Iterator[Observation]:
    """Report how many threads the libraries would use without a level."""
    if isinstance(case.own, Death):
        return
    native = case.own.environment.native
    many = [each for each in native if each.num_threads != 1]
    if not many:
        yield Observation("threads", Status.OK, "one, in every library")
        return
    yield Observation(
        "threads",
        case.fixed,
        ", ".join(f"{each.name} {each.num_threads}" for each in many),
        "the order of sums follows the number of threads, and n_jobs=1 does not stop OpenMP",
        "export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1, or run: repro exec -- COMMAND",
    )


def blas(case: Case) -> Iterator[Observation]:
    """Observation that NumPy's and SciPy's copies of BLAS compute the same."""
    if not case.alive:
        return
    ours, by_itself = _blas(case.alive[0]), _blas(case.alive[-1])
    vendors = sorted({each.internal_api for each in ours})
    listed = ", ".join(map(_formatted, ours)) or "could not be identified"
    unpinned = [name for name in vendors if name != "openblas"]
    if len(_kernels(ours)) > 1:
        yield _mixed(Status.PROBLEM if len(vendors) == 1 else Status.WARNING, listed)
    elif len(vendors) > 1:
        yield _mixed(Status.WARNING, listed)
    elif case.level.pins is not None and unpinned:
        yield Observation(
            "BLAS",
            Status.WARNING,
            listed,
            f"no level can pin {', '.join(unpinned)}: it chooses its code paths by the processor",
            "install wheels with OpenBLAS, such as those on PyPI",
        )
    elif len(_kernels(by_itself)) > 1:
        yield _mixed(case.fixed, ", ".join(map(_formatted, by_itself)))
    else:
        yield Observation("BLAS", Status.OK, listed)


def tensors(case: Case) -> Iterator[Observation]:
    """Report the dispatchers of PyTorch that no variable limits; it is not imported for it."""
    if find_spec("torch") is None:
        return
    pins = case.level.variables
    free = [name for name in _OF_TORCH if _is_free(case.environ.get(name), pins.get(name))]
    if not free:
        yield Observation("PyTorch", Status.OK, "its three dispatchers are limited by variables")
        return
    shown = {name: f"{name}={case.environ[name]}" for name in free if name in case.environ}
    named = ", ".join(f"{_OF_TORCH[name]} ({shown.get(name, name)})" for name in free)
    settings = " ".join(f"{name}={pins[name]}" for name in free if name in pins)
    yield Observation(
        "PyTorch",
        Status.CONTROLLED if set(free) <= pins.keys() else Status.WARNING,
        f"{f'not limited as the level {case.level} does' if shown else 'not limited'}: {named}",
        "each chooses its code by the processor, and each alone changes the bits of a training",
        f"export {settings}, or run: repro exec -- COMMAND"
        if settings
        else "use a level that pins code paths: --level portable",
    )


def _is_free(value: str | None, pin: str | None) -> bool:
    """Return whether a dispatcher chooses by the processor, or other than the level has it."""
    return value in {None, "", "AUTO", "ALL", "DEFAULT"} or (pin is not None and value != pin)


def openmp(case: Case) -> Iterator[Observation]:
    """Observation that one OpenMP runtime is loaded, not several that do not know of each other."""
    if not case.alive:
        return
    wanted, by_itself = (Counter(each.runtimes) for each in (case.alive[0], case.alive[-1]))
    kinds = max(wanted, by_itself, key=len)
    if len(kinds) > 1:
        hang = ", and these are known to deadlock together" if kinds.keys() & _LLVM else ""
        yield Observation(
            "OpenMP",
            Status.PROBLEM if len(wanted) > 1 else case.fixed,
            _counted(kinds),
            f"a thread limit set in one does not apply to the other{hang}",
            "install the packages that include them from one source: all from PyPI, or all"
            " from conda",
        )
    elif by_itself.total() > 1:
        yield Observation(
            "OpenMP",
            Status.WARNING,
            _counted(by_itself),
            "each has its own threads: a limit set by a call applies to only one of them",
            "set limits with environment variables, as every level except seeded does",
        )
    else:
        yield Observation("OpenMP", Status.OK, _counted(by_itself) or "none loaded")


def system_gomp(case: Case) -> Iterator[Observation]:
    """Observation that LightGBM would find the OpenMP that its wheel lacks."""
    if not case.alive or case.alive[0].system_gomp is None:
        return
    installed = "lightgbm" in case.alive[0].environment.packages
    if case.alive[0].system_gomp:
        yield Observation("libgomp.so.1", Status.OK, "installed")
    elif installed:
        yield Observation(
            "libgomp.so.1",
            Status.PROBLEM,
            "not installed, and LightGBM needs it",
            "LightGBM's wheel does not include it, so importing lightgbm fails",
            "install it: apt-get install libgomp1 (Debian), dnf install libgomp (Fedora)",
        )
    else:
        yield Observation("libgomp.so.1", Status.OK, "not installed; only LightGBM would need it")


def _counted(loaded: Counter[str]) -> str:
    return ", ".join(f"{n} copies of {name}" if n > 1 else name for name, n in loaded.items())


def _blas(probe: Probe) -> list[NativeLibrary]:
    return [each for each in probe.environment.native if each.user_api == "blas"]


def _kernels(libraries: list[NativeLibrary]) -> set[str | None]:
    return {each.architecture for each in libraries}


def _formatted(library: NativeLibrary) -> str:
    parts = (library.name, library.version, library.architecture)
    return " ".join(part for part in parts if part)


def _mixed(status: Status, listed: str) -> Observation:
    return Observation(
        "BLAS",
        status,
        f"copies that compute differently: {listed}",
        "the same product can have different last bits in NumPy and in SciPy",
        "install NumPy and SciPy from one source, and pin a kernel: --level portable",
    )
