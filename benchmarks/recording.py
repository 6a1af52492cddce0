"""What `repro record` costs, side by side with the bare script at the same level, in turn.

    python benchmarks/recording.py [--rounds N]

Prints medians of elapsed time and of the processor time of all processes, the ratios of both, and
the highest memory of the script's own process.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPRO = str(Path(sys.executable).with_name("repro"))
SEARCH = """\
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, train_test_split
X, y = make_classification(20000, 20, random_state=0)
a, b, c, d = train_test_split(X, y, random_state=0)
forest = RandomForestClassifier(n_estimators=40, random_state=0)
print(GridSearchCV(forest, {"max_depth": [4, 8]}, cv=3).fit(a, c).score(b, d))
"""
BOOSTING = """\
import pandas as pd
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
X, y = make_classification(100000, 30, random_state=0)
pd.DataFrame(X).to_csv("x.csv", index=False)
X = pd.read_csv("x.csv")
for seed in range(3):
    model = HistGradientBoostingClassifier(random_state=seed, max_iter=60).fit(X[:80000], y[:80000])
    print(roc_auc_score(y[80000:], model.predict_proba(X[80000:])[:, 1]))
"""
BATCHES = """\
import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
rng = np.random.default_rng(0)
X = rng.normal(size=(50000, 40))
y = (X @ rng.normal(size=40) > 0).astype(int)
model = SGDClassifier(loss="log_loss", random_state=0)
for epoch in range(60):
    for start in range(0, 50000, 500):
        model.partial_fit(X[start:start + 500], y[start:start + 500], classes=[0, 1])
    print(log_loss(y, model.predict_proba(X)))
"""
CALLS = """\
import numpy as np
from sklearn.linear_model import LinearRegression
model = LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0])
x = np.ones((1, 1))
print(sum(model.predict(x)[0] for _ in range(100000)))
"""
PEAK = """\
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
sys.exit(done.returncode)
"""
SCRIPTS = {
    "a search over forests": SEARCH,
    "boosting on a table of 55 MB": BOOSTING,
    "6,000 small fits": BATCHES,
    "100,000 predictions of a row": CALLS,
}


def run(command, folder):
    """Run a command; return its elapsed and processor seconds, and its memory in MB."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *command],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started, cpu, int(done.stdout.split()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    print(
        "| script | bare | recorded | ratio | CPU ratio | memory |\n|---|---:|---:|---:|---:|---:|"
    )
    for name, source in SCRIPTS.items():
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            (folder / "script.py").write_text(source)
            bare = [REPRO, "exec", "--", sys.executable, "script.py"]
            recorded = [REPRO, "record", "--", sys.executable, "script.py"]
            run(recorded, folder)  # what is observed of the environment is kept
            pairs = [(run(bare, folder), run(recorded, folder)) for _ in range(rounds)]
        sides = [[pair[side] for pair in pairs] for side in (0, 1)]
        median = [[statistics.median(each) for each in zip(*side, strict=True)] for side in sides]
        ratios = [
            statistics.median(pair[1][kind] / pair[0][kind] for pair in pairs) for kind in (0, 1)
        ]
        print(
            f"| {name} | {median[0][0]:.2f} s | {median[1][0]:.2f} s | {ratios[0]:.2f} |"
            f" {ratios[1]:.2f} | {median[1][2] - median[0][2]:+.0f} MB |",
            flush=True,
        )


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
