"""What the portable levels cost against `strict`: whole trainings, in turn.

    python benchmarks/levels.py [--rounds N]

Each row is `repro train` at two levels, family by family and for the whole default experiment. The
price is that of older code paths, and so depends on the processor: where the level is what the
processor would choose anyway, it is nothing.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from overhead import pair

REPRO = str(Path(sys.executable).with_name("repro"))
FAMILIES = {
    "credit": (
        "logistic_regression", "knn", "svm", "decision_tree", "random_forest",
        "hist_gradient_boosting", "lightgbm",
    ),
    "diabetes": ("ridge",),
}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print("| training | portable | strict | ratio | range |\n|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as runs:
        cases = {"`credit`, the default experiment": ["credit"]}
        cases |= {
            f"`{family}` on {experiment}": [experiment, "-m", family]
            for experiment, families in FAMILIES.items()
            for family in families
        }
        for level in ("portable", "portable-v2"):
            for name, arguments in cases.items():
                train = [REPRO, "train", *arguments, "-q", "--runs", runs, "--level"]
                left, right = [*train, level], [*train, "strict"]
                pair(name if level == "portable" else f"{name}, {level}", left, right, rounds)


if __name__ == "__main__":
    main()
