"""What some tests need from the system, and the reason to skip them where it is not there."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import pytest


@cache
def absent(module: str) -> str:
    """Return why a module cannot be imported here, or '' where it can.

    A process of its own is asked, since an import brings native libraries along for good. Besides
    packages that are not installed there are those whose libraries are not: LightGBM's wheel
    expects libgomp.so.1 of the system, which a bare Debian has not.
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"import {module}"],
        capture_output=True,
        text=True,
        check=False,
    )
    last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    return f"{module} cannot be imported here: {last}" if done.returncode else ""


def require(module: str) -> None:
    """Skip the test that calls this where a module cannot be imported."""
    if reason := absent(module):
        pytest.skip(reason)
