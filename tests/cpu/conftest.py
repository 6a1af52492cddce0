"""The bench, and commands run on it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tools.cpu_bench import bench

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the bench keeps things, from session to session where pytest does."""
    cache = getattr(request.config, "cache", None)
    return cache.mkdir("cpu-bench") if cache else tmp_path_factory.mktemp("cpu-bench")


@pytest.fixture(scope="session")
def mask(folder: Path) -> bench.Mask:
    """Return the way of answering CPUID that this machine prefers, or skip the test."""
    made = bench.Mask(folder)
    reason = made.reason_to_skip(bench.by_name("nehalem"))
    if reason:
        pytest.skip(reason)
    return made


@pytest.fixture
def run() -> Run:
    """Return a function that runs a command where only the processor chooses code paths."""

    def run(*argv: object, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(part) for part in argv],
            env=bench.clean(os.environ) | {"OMP_NUM_THREADS": "1"} | variables,
            capture_output=True,
            encoding="utf-8",
            timeout=900,
            check=False,
        )

    return run


@pytest.fixture
def on(mask: bench.Mask, run: Run) -> Run:
    """Return a function that runs Python on a processor, or skips the test."""

    def on(cpu: bench.Cpu, *arguments: object, **variables: str):
        reason = mask.reason_to_skip(cpu)
        if reason:
            pytest.skip(reason)
        return run(*mask.command(cpu, [sys.executable, *map(str, arguments)]), **variables)

    return on
