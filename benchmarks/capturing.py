"""The CPU time that observing an environment and its fingerprint takes, in a training's process.

    python benchmarks/capturing.py [--rounds N]

The first round is left out: it imports what the others find.
"""

import argparse
import statistics
import time
from pathlib import Path

from repro.capture import capture_environment
from repro.capture.fingerprint import observe_kernels
from repro.capture.native import load_libraries


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    load_libraries()
    here = Path(__file__).resolve().parent.parent
    for name, measured in (
        ("environment", lambda: capture_environment(here, "strict")),
        ("fingerprint", observe_kernels),
    ):
        print(f"{name:12} {statistics.median(times(measured, rounds)):.3f} s")


def times(measured, rounds):
    found = []
    for _ in range(rounds + 1):
        start = time.process_time()
        measured()
        found.append(time.process_time() - start)
    return found[1:]


if __name__ == "__main__":
    main()
