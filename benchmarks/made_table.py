"""Write a table of numbers: python benchmarks/made_table.py ROWS COLUMNS FILE.csv."""

import sys

import numpy as np
import pandas as pd


def main():
    rows, columns = map(int, sys.argv[1:3])
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, columns)).round(6)
    z = X[:, :5] @ np.array([1, -1, 0.5, 0.5, -0.5]) + np.sin(2 * X[:, 5])
    y = rng.random(rows) < 1 / (1 + np.exp(-z))
    frame = pd.DataFrame(X, columns=[f"x{number}" for number in range(columns)])
    frame["y"] = np.where(y, "yes", "no")
    frame.to_csv(sys.argv[3], index=False)


if __name__ == "__main__":
    main()
