"""What tracking costs, side by side in one run, as ratios of medians.

    python benchmarks/tracking.py [--rounds N] [--parameters MILLIONS] [--functions N]

Tracks an array and a PyTorch model, where that is installed, in turn with the plain SHA-256 of the
same bytes; starts and finishes experiments; and runs a pytest session of functions with the fixture
`reproducible` in turn with two plain runs of each function in fresh processes.
"""

import argparse
import hashlib
import importlib.util
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from repro.tracking import DatasetTracker, ExperimentTracker, ModelTracker, TrackingConfig

FUNCTION = """
import numpy as np
from sklearn.linear_model import LogisticRegression


def train{n}():
    X = np.random.default_rng({n}).normal(size=(2000, 20))
    y = (X @ np.arange(20.0) > 0).astype(int)
    return LogisticRegression(max_iter=50).fit(X, y).score(X, y)


def test_{n}(reproducible):
    reproducible(train{n})
"""


def taken(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def in_turn(plain, tracked, rounds):
    """Return the medians of both, and the median of their ratios."""
    pairs = [(taken(plain), taken(tracked)) for _ in range(rounds)]
    ratio = statistics.median(b / a for a, b in pairs)
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs), ratio


def say(what, found):
    plain, tracked, ratio = found
    print(f"{what:<44}{plain:>10.4f} s{tracked:>10.4f} s{ratio:>8.3f}", flush=True)


def arrays(rounds):
    values = np.random.default_rng(0).normal(size=1_000_000)
    say("1,000,000 float64, by DatasetTracker", in_turn(
        lambda: hashlib.sha256(values).hexdigest(),
        lambda: DatasetTracker().track_dataset(values, "x"), rounds))  # fmt: skip
    config = TrackingConfig("bench", enable_git_tracking=False)
    tracker = ExperimentTracker(config)
    tracker.start_experiment()
    say("1,000,000 float64, by ExperimentTracker", in_turn(
        lambda: hashlib.sha256(values).hexdigest(),
        lambda: tracker.track_dataset(values, "x"), rounds))  # fmt: skip
    tracker.finish_experiment()


def models(millions):
    if importlib.util.find_spec("torch") is None:
        print("PyTorch is not installed: no model is tracked")
        return
    import torch  # noqa: PLC0415 - only where it is installed

    width = 5000
    sizes = [width] * (millions * 10**6 // width**2) + [millions * 10**6 % width**2 // width]
    layers = [torch.nn.Linear(width, size, bias=False) for size in sizes if size]
    model = torch.nn.Sequential(*layers)
    count = sum(each.numel() for each in model.parameters())

    def plain():
        whole = hashlib.sha256()
        for each in model.state_dict().values():
            whole.update(each.numpy())

    plain()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = in_turn(plain, lambda: ModelTracker().track_model(model, "m"), 3)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    say(f"{count // 10**6} million parameters", found)
    print(f"{'':<44}{(after - before) / 1024:>10.1f} MB more at the peak")


def experiments(rounds):
    options = {"enable_git_tracking": False, "capture_pip_freeze": False}

    def run():
        tracker = ExperimentTracker(TrackingConfig("bench", **options))
        tracker.start_experiment()
        tracker.finish_experiment()

    times = sorted(taken(run) for _ in range(rounds))
    print(f"start and finish, git and packages off: first {times[-1] * 1000:.0f} ms at most,"
          f" median {statistics.median(times) * 1000:.0f} ms")  # fmt: skip


def sessions(functions):
    for n in range(functions):
        Path(f"test_{n}.py").write_text(FUNCTION.format(n=n))

    def plain():
        for n in range(functions):
            for _ in range(2):
                code = f"import test_{n}; test_{n}.train{n}()"
                subprocess.run([sys.executable, "-c", code], check=True)

    def plugged():
        done = subprocess.run([sys.executable, "-m", "pytest", "-q"], capture_output=True,
                              text=True, check=False)  # fmt: skip
        assert f"{functions} passed" in done.stdout, done.stdout

    say(f"{functions} functions twice, and by the fixture", in_turn(plain, plugged, 1))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--parameters", type=int, default=365)
    parser.add_argument("--functions", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        print(f"{'':<44}{'plain':>12}{'tracked':>12}{'ratio':>8}")
        arrays(given.rounds)
        models(given.parameters)
        experiments(given.rounds)
        sessions(given.functions)


if __name__ == "__main__":
    main()
