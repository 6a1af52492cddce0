#!/usr/bin/env python3
"""Check that every file of a run is what its lineage says: ``repro verify --integrity``."""

import sys

from repro.cli import run

if __name__ == "__main__":
    sys.exit(run(["verify", "--integrity", *sys.argv[1:]]))
