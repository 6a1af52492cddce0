#!/usr/bin/env python3
"""Check that every file of a run is what its lineage says: ``repro verify --integrity``."""

import sys
from pathlib import Path

try:
    from repro.cli import run
except ImportError:
    sys.exit("run it in the project's environment: .venv/bin/python scripts/" + Path(__file__).name)

if __name__ == "__main__":
    sys.exit(run(["verify", "--integrity", *sys.argv[1:]]))
