"""The processor, as the system describes it."""

from __future__ import annotations

import os
import platform
import subprocess
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from repro.core.environment import Cpu

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SYSCTL = ("sysctl", "machdep.cpu", "hw.optional")
_TIMEOUT_SECONDS = 5.0


def observe_cpu() -> Cpu:
    """Return the processor; what the system does not report is empty."""
    system = platform.system()
    if system == "Linux":
        return parse_cpuinfo(_first_processor(Path("/proc/cpuinfo")))
    if system == "Darwin":
        return parse_sysctl(_sysctl())
    return _cpu("", platform.processor(), ())


def parse_cpuinfo(lines: Iterable[str]) -> Cpu:
    """Read the description of one processor in the form of ``/proc/cpuinfo``."""
    fields = _fields(lines)
    # ARM gives numbers, x86 gives names.
    vendor = fields.get("vendor_id") or fields.get("CPU implementer", "")
    model = fields.get("model name") or fields.get("CPU part", "")
    features = fields.get("flags") or fields.get("Features", "")
    return _cpu(vendor, model, features.split())


def parse_sysctl(lines: Iterable[str]) -> Cpu:
    """Read the output of ``sysctl machdep.cpu hw.optional`` on macOS."""
    fields = _fields(lines)
    model = fields.get("machdep.cpu.brand_string", "")
    names = (
        fields.get("machdep.cpu.features", "") + " " + fields.get("machdep.cpu.leaf7_features", "")
    )
    optional = [
        name.removeprefix("hw.optional.").removeprefix("arm.")
        for name, value in fields.items()
        if name.startswith("hw.optional.") and value == "1"
    ]
    vendor = fields.get("machdep.cpu.vendor") or model.partition(" ")[0]
    return _cpu(vendor, model, [*names.split(), *optional])


def _cpu(vendor: str, model: str, features: Iterable[str]) -> Cpu:
    names = sorted({name.lower() for name in features})
    return Cpu(vendor=vendor, model=model, logical=os.cpu_count() or 1, features=tuple(names))


def _fields(lines: Iterable[str]) -> Mapping[str, str]:
    pairs = (line.partition(":") for line in lines)
    return {key.strip(): value.strip() for key, _, value in pairs}


def _first_processor(path: Path) -> list[str]:
    # The file is made while it is read, one processor after the other: the first is enough.
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            return list(takewhile(str.strip, lines))
    except OSError:
        return []


def _sysctl() -> list[str]:
    try:
        result = subprocess.run(
            _SYSCTL, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return result.stdout.splitlines()
