"""The modules that `repro train` loads beyond a plain scikit-learn script, the slowest first.

    python benchmarks/imports.py [--top N]

Times are of a module alone, without those that it imports, from `python -X importtime`. A time is
the least of three processes. `repro train` replaces its own process once, for its level: what both
processes load is summed.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

from sides import HERE, PYTHON, QUIET, REPRO, ROOT

LINE = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \|\s*(\S+)$", re.MULTILINE)


def loaded(command, rounds=3):
    """Return the least own time of each module that a command loads, in ms, and how often."""
    least, often = {}, {}
    for _ in range(rounds):
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False,
            env=os.environ | QUIET | {"PYTHONPROFILEIMPORTTIME": "1"},
        )  # fmt: skip
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}: ended with status {done.returncode}:\n{done.stderr}")
        times, often = {}, {}
        for taken, module in LINE.findall(done.stderr):
            times[module] = times.get(module, 0) + int(taken) / 1000
            often[module] = often.get(module, 0) + 1
        least = {name: min(time, least.get(name, time)) for name, time in times.items()}
    return least, often


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--top", type=int, help="only as many modules")
    top = parser.parse_args().top
    with tempfile.TemporaryDirectory() as runs:
        train, often = loaded([REPRO, "train", "credit", "-q", "-p", "debug", "--runs", runs])
    plain, _ = loaded([PYTHON, str(HERE / "plain_credit.py")], 1)
    more = {name: time for name, time in train.items() if name not in plain}
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"`repro train` loads {len(train):,} modules in {sum(train.values()):.0f} ms,"
          f" the plain script loads {len(plain):,} modules; load {load}.")  # fmt: skip
    print(f"{len(more):,} modules are not in the plain script: {sum(more.values()):.0f} ms.\n")
    packages = {}
    for name, time in more.items():
        package = name.partition(".")[0]
        packages[package] = packages.get(package, 0) + time
    print("| package | ms |\n|---|---:|")
    for name, time in sorted(packages.items(), key=lambda item: -item[1])[:20]:
        print(f"| {name} | {time:.1f} |")
    print("\n| module | ms | times loaded |\n|---|---:|---:|")
    for name, time in sorted(more.items(), key=lambda item: -item[1])[:top]:
        print(f"| {name} | {time:.2f} | {often.get(name, 0)} |")


if __name__ == "__main__":
    main()
