"""What `repro` costs, side by side with what people use today: whole processes, in turn.

    python benchmarks/overhead.py [--rounds N]

Prints medians and the median of the ratios, pair by pair, which hold where a machine's speed
drifts. Both sides of a pair run in the same environment, with one thread.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
REPRO = Path(sys.executable).with_name("repro")
ENV = os.environ | {"OMP_NUM_THREADS": "1"}


def run(command):
    started = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=ENV, capture_output=True, text=True, check=True)
    return time.perf_counter() - started, done.stdout


def pair(name, ours, theirs, rounds):
    times = [[], []]
    run(ours), run(theirs)  # warm the caches of both
    for _ in range(rounds):
        for side, command in enumerate((ours, theirs)):
            times[side].append(run(command)[0])
    ratios = [a / b for a, b in zip(*times, strict=True)]
    left, right = map(statistics.median, times)
    print(
        f"| {name} | {left:.3f} s | {right:.3f} s | {statistics.median(ratios):.2f} |"
        f" {min(ratios):.2f} to {max(ratios):.2f} |",
        flush=True,
    )


def same_result(train, plain):
    ours = json.loads(run(train)[1])["metrics"]
    theirs = json.loads(run(plain)[1])
    found = {name: estimate["value"] for name, estimate in ours["test"].items()}
    worst = max(abs(found[name] - value) for name, value in theirs["metrics"].items())
    assert ours["model"] == theirs["model"], (ours["model"], theirs["model"])
    print(f"Same model, {ours['model']}; largest difference of a metric: {worst:.1e}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    python, repro = sys.executable, str(REPRO)
    with tempfile.TemporaryDirectory() as runs:
        train = [repro, "train", "credit", "--json", "--runs", runs]
        plain = [python, str(HERE / "plain_credit.py")]
        same_result(train, plain)
        run_id = json.loads(run(train)[1])["run_id"]
        print("| command | repro | beside it | ratio | range |\n|---|---:|---:|---:|---:|")
        click, bare = [python, "-c", "import click"], [python, "-c", "pass"]
        pair("`repro --help` / `import click`", [repro, "--help"], click, 3 * rounds)
        pair("`repro --version` / `import click`", [repro, "--version"], click, 3 * rounds)
        integrity = [repro, "verify", "--integrity", run_id, "--runs", runs]
        pair("`repro verify --integrity` / `python -c pass`", integrity, bare, 3 * rounds)
        pair("`repro train credit` / plain script", train, plain, rounds)


if __name__ == "__main__":
    main()
