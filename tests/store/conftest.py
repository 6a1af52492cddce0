"""Folders of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.store.sample_run import write_run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Return where runs go; the folder is not there yet."""
    return tmp_path / "runs"


@pytest.fixture
def run(runs: Path) -> Path:
    """Return a whole run."""
    return write_run(runs)
