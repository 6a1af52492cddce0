"""The CPU test bench: run a command on this machine as it would run on another processor.

There are two independent ways. `Mask` answers the CPUID instruction from a table, for a command and
all its descendants, at native speed; it can show a processor whose features are a subset of this
machine's. `Emulation` runs the command in QEMU: slowly, for the command's own process alone (what
it executes, or turns into, runs as usual), and without AVX-512.

Neither changes `/proc/cpuinfo`. Needs nothing but the standard library, the system's C compiler and
binutils, or `qemu-x86_64`.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_HERE = Path(__file__).resolve().parent
_SKIPPED = 77
_QEMU = "qemu-x86_64"

CHOOSERS = (
    "ATEN_CPU_CAPABILITY",
    "GLIBC_TUNABLES",
    "MKL_CBWR",
    "NPY_DISABLE_CPU_FEATURES",
    "NPY_ENABLE_CPU_FEATURES",
    "ONEDNN_MAX_CPU_ISA",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
)
"""Variables that choose code paths in the processor's place."""


class BenchError(Exception):
    """The bench cannot work here; the message is a sentence that says why."""


@dataclass(frozen=True)
class Cpu:
    """A processor to present.

    Attributes
    ----------
    name : str
        Its name: that of the table.
    level : str
        The x86-64 feature level of glibc and NumPy that it reaches: ``v2``, ``v3`` or ``v4``.
    table : Path
        What its CPUID instruction answers.
    qemu : str or None
        QEMU's model of it; None where QEMU lacks some of its instructions.
    """

    name: str
    level: str
    table: Path
    qemu: str | None = None


def _cpu(name: str, level: str, qemu: str | None = None) -> Cpu:
    return Cpu(name, level, _HERE / "tables" / f"{name}.txt", qemu)


CPUS = (
    _cpu("nehalem", "v2", "Nehalem"),
    _cpu("sandybridge", "v2", "SandyBridge"),
    _cpu("haswell", "v3", "Haswell"),
    _cpu("epyc", "v3", "EPYC"),
    _cpu("zen3", "v3", "EPYC-Milan"),
    _cpu("skylake-x", "v4"),
    _cpu("icelake", "v4"),
    _cpu("zen4", "v4"),
)
"""The processors there are tables for, oldest code paths first."""


def by_name(name: str) -> Cpu:
    """Return the processor with a name.

    Raises
    ------
    KeyError
        No table has that name.
    """
    return {cpu.name: cpu for cpu in CPUS}[name]


def default_folder() -> Path:
    """Return where the helper and what it finds out are kept from run to run."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "repro-cpu-bench"


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which nothing but the processor chooses code paths."""
    return {name: value for name, value in environ.items() if name not in CHOOSERS}


@dataclass(frozen=True)
class Mask:
    """Commands whose CPUID instruction is answered from a table.

    Attributes
    ----------
    folder : Path
        Where the helper is built and where it keeps the places of CPUID instructions in libraries,
        which take seconds to find; may be shared by several processes.
    way : str or None
        ``faulting`` or ``breakpoints`` to force one; by default what the machine allows.
    """

    folder: Path
    way: str | None = None

    @cached_property
    def helper(self) -> Path:
        """The helper, built if need be.

        Raises
        ------
        BenchError
            It cannot be built here.
        """
        if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
            raise BenchError("CPUID can be answered on x86-64 Linux only")
        sources = sorted(_HERE.glob("*.[ch]"))
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
        path = self.folder / f"cpumask-{digest[:16]}"
        if not path.exists():
            self._build(path, [str(source) for source in sources if source.suffix == ".c"])
        return path

    def _build(self, path: Path, sources: Sequence[str]) -> None:
        compiler = shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc")
        if compiler is None:
            raise BenchError("there is no C compiler")
        self.folder.mkdir(parents=True, exist_ok=True)
        own = _own(path)
        done = _run(compiler, "-O2", "-o", str(own), *sources)
        if done.returncode != 0:
            raise BenchError(f"{compiler} failed: {done.stderr}")
        own.replace(path)

    def _start(self) -> list[str]:
        sites = self.folder / "sites"
        sites.mkdir(parents=True, exist_ok=True)
        way = ["--way", self.way] if self.way else []
        return [str(self.helper), *way, "--cache", str(sites)]

    def command(self, cpu: Cpu, argv: Sequence[str]) -> list[str]:
        """Return the command that runs a command on a processor."""
        return [*self._start(), str(cpu.table), "--", *argv]

    def how(self, cpu: Cpu) -> str:
        """Return the way in force: ``faulting`` or ``breakpoints``.

        Raises
        ------
        BenchError
            The processor cannot be presented here.
        """
        done = _run(*self._start(), "--how", str(cpu.table))
        if done.returncode == _SKIPPED:
            raise BenchError(done.stderr.strip().removeprefix("cpumask: "))
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        if done.stdout.strip() == "breakpoints" and shutil.which("objdump") is None:
            raise BenchError("there is no objdump, of binutils")
        return done.stdout.strip()

    def reason_to_skip(self, cpu: Cpu) -> str | None:
        """Return why a processor cannot be presented here; None where it can."""
        return _reason(self.how, cpu)

    def machine(self) -> Cpu:
        """Return this machine's own processor, as a table: with it, nothing should change."""
        done = _run(str(self.helper), "--dump")
        table = self.folder / f"machine-{hashlib.sha256(done.stdout.encode()).hexdigest()[:16]}.txt"
        own = _own(table)
        own.write_text(done.stdout, encoding="utf-8")
        own.replace(table)
        return Cpu("machine", "", table)


@dataclass(frozen=True)
class Emulation:
    """Commands that run in QEMU."""

    def command(self, cpu: Cpu, argv: Sequence[str]) -> list[str]:
        """Return the command that runs a command on a processor.

        Raises
        ------
        BenchError
            The processor cannot be emulated here, or the program is not found.
        """
        self.how(cpu)
        program = shutil.which(argv[0])  # QEMU does not search PATH
        if program is None:
            raise BenchError(f"{argv[0]} is not on PATH")
        return [_QEMU, "-cpu", str(cpu.qemu), program, *argv[1:]]

    def how(self, cpu: Cpu) -> str:
        """Return ``emulation``.

        Raises
        ------
        BenchError
            The processor cannot be emulated here.
        """
        if shutil.which(_QEMU) is None:
            raise BenchError(f"{_QEMU} is not on PATH")
        if cpu.qemu is None:
            raise BenchError(f"QEMU lacks some of the instructions of {cpu.name}")
        # Version 7.2 sorted wrongly, and crashed, with AVX2; 10.0 agreed with real processors.
        if cpu.level == "v3" and _qemu_version() < (10, 0):
            raise BenchError("QEMU before version 10.0 was seen to compute AVX2 wrongly")
        return "emulation"

    def reason_to_skip(self, cpu: Cpu) -> str | None:
        """Return why a processor cannot be emulated here; None where it can."""
        return _reason(self.how, cpu)


def _own(path: Path) -> Path:
    """Return a name to write under and rename when done, since several processes may do so."""
    return path.with_name(f"{path.name}.{os.getpid()}")


def _qemu_version() -> tuple[int, ...]:
    found = re.search(r"version (\d+)\.(\d+)", _run(_QEMU, "--version").stdout)
    return tuple(int(part) for part in found.groups()) if found else ()


def _reason(how: Callable[[Cpu], str], cpu: Cpu) -> str | None:
    try:
        how(cpu)
    except BenchError as error:
        return str(error)
    return None


def _run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, encoding="utf-8", check=False)
