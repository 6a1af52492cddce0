"""The interpreter, the system under it, and how it treats text and time."""

from __future__ import annotations

import locale
import platform
import re
import sys
import sysconfig
import time
from pathlib import Path
from typing import TYPE_CHECKING

from repro.core.environment import Interpreter, Locale, Platform

if TYPE_CHECKING:
    from collections.abc import Mapping

_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")


def observe_interpreter() -> Interpreter:
    """Return what Python says of itself."""
    return Interpreter(
        implementation=platform.python_implementation(),
        version=platform.python_version(),
        compiler=platform.python_compiler(),
        build=", ".join(platform.python_build()),
    )


def observe_platform() -> Platform:
    """Return the system, the processor architecture and the C library."""
    libc, version = _libc()
    return Platform(
        system=platform.system(), machine=platform.machine(), libc=libc, libc_version=version
    )


def observe_hash_seed(environ: Mapping[str, str]) -> str | None:
    """Return ``PYTHONHASHSEED`` as Python saw it, or None where it was not set or ignored.

    Whether it was 0 at the start is read back from the interpreter, so that a later change of the
    variable is not taken for the seed in use.
    """
    if sys.flags.ignore_environment:
        return None
    if sys.flags.hash_randomization == 0:
        return "0"
    stated = environ.get("PYTHONHASHSEED")
    return None if stated == "0" else stated


def observe_locale(environ: Mapping[str, str]) -> Locale:
    """Return language, text encoding and time zone of this process."""
    return Locale(
        name=locale.setlocale(locale.LC_CTYPE),
        encoding=locale.getencoding(),
        timezone=_timezone(environ, Path("/etc/localtime")),
    )


def _libc() -> tuple[str, str]:
    # The maths functions come with the system on macOS and Windows, so its version is the system's.
    system = platform.system()
    if system == "Darwin":
        return "libSystem", platform.mac_ver()[0]
    if system == "Windows":
        return "ucrt", platform.version()
    name, version = platform.libc_ver()
    if not name and "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or ""):
        return "musl", version
    return name, version


def _timezone(environ: Mapping[str, str], localtime: Path) -> str:
    # A zone may also be the path of a file, which says nothing outside the machine.
    _, _, linked = str(localtime.resolve()).partition("/zoneinfo/")
    candidates = (environ.get("TZ", "").removeprefix(":"), linked)
    named = (zone for zone in candidates if _ZONE.fullmatch(zone))
    return next(named, time.tzname[0])
