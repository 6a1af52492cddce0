"""What each level costs for networks of PyTorch and for boosting: processor time, in turn.

    python benchmarks/prices.py [--rounds N] [--only NAME]

For each library a process per level does the same work in turn, A B C D, A B C D. The figures are
user time, which others on a shared machine change less than the clock's; the ratios are to the
same round at `seeded`. All have one thread: threads that wait for each other use time that is no
work, and more of it on a busy machine. So `strict` computes as `seeded` does, and its ratio shows
the noise. A first round that warms up is left out.
"""

import argparse
import os
import statistics
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from repro.launch import Level, pinned

HERE = Path(__file__).resolve().parent
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
LEVELS = ("seeded", "strict", "portable", "portable-v2")
WORK = {
    "torch": ("gemm", "mlp", "cnn", "lstm", "transformer"),
    "lightgbm": ("lightgbm",),
    "xgboost": ("xgboost",),
    "catboost": ("catboost",),
}
# What a process of a level runs: it reads names of workloads, and answers with seconds.
SERVER = """
import resource, sys, workloads
for line in sys.stdin:
    prepared = workloads.prepare(line.strip())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    prepared()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_utime - before, flush=True)
"""


class Server:
    """A Python process at a level."""

    def __init__(self, level):
        environ = pinned(Level(level), os.environ)
        if level == "seeded":
            environ = {k: v for k, v in environ.items() if k not in Level.PORTABLE.variables}
            environ |= ONE_THREAD
        folders = [str(HERE), os.environ.get("PYTHONPATH", "")]
        environ["PYTHONPATH"] = os.pathsep.join(filter(None, folders))
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", SERVER], env=environ, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def seconds(self, name):
        """Return the user time of one workload."""
        self._process.stdin.write(name + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            sys.exit(f"{name}: the process ended with status {self._process.wait()}")
        return float(answer)

    def close(self):
        """Let the process end."""
        self._process.stdin.close()
        self._process.wait()


def measured(servers, name, rounds):
    """Return the user time of each round, by level."""
    times = {level: [] for level in servers}
    for count in range(rounds + 1):
        for level, server in servers.items():
            spent = server.seconds(name)
            if count:
                times[level].append(spent)
    return times


def row(name, times):
    cells = [f"{statistics.median(times['seeded']):.2f} s"]
    for level in LEVELS[1:]:
        ratios = [a / b for a, b in zip(times[level], times["seeded"], strict=True)]
        middle = statistics.median(ratios)
        cells.append(f"{middle:.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    return f"| {name} | {' | '.join(cells)} |"


def processor():
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next(line.partition(":")[2].strip() for line in lines if "model name" in line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=[name for names in WORK.values() for name in names])
    options = parser.parse_args()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{processor()}, {os.cpu_count()} processors, load {load}, {options.rounds} rounds\n")
    print("| work | seeded | strict | portable | portable-v2 |")
    print("|---|---:|---:|---:|---:|", flush=True)
    for library, names in WORK.items():
        wanted = [name for name in names if options.only in {None, name}]
        if wanted and find_spec(library) is None:
            print(f"{library} is not installed: left out", file=sys.stderr)
        elif wanted:
            servers = {level: Server(level) for level in LEVELS}
            for name in wanted:
                print(row(name, measured(servers, name, options.rounds)), flush=True)
            for server in servers.values():
                server.close()


if __name__ == "__main__":
    main()
