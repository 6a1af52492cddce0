"""Writers in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITER = Path(__file__).with_name("writer.py")


@contextmanager
def writer(runs: Path, step: str) -> Iterator[subprocess.Popen[str]]:
    """Start a writer and wait until it has reached a step, where it stays."""
    process = subprocess.Popen(
        [sys.executable, str(WRITER), str(runs), step],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            line = process.stdout.readline()
            assert line == "here\n", process.stderr.read()
            yield process
        finally:
            process.kill()
