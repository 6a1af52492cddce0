"""Twelve tables, from a file to a verified result, by the commands that are printed alone."""

import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets
from tests.conftest import ROOT, TIMEOUT, command

CREDIT = ROOT / "data/credit.csv"


def bunch(load, *, named=True):
    """Return a data set of scikit-learn as a frame, with the names of its classes."""
    found = load(as_frame=True)
    frame = found.frame.copy()
    frame.columns = [re.sub(r"\W+", "_", str(name)).strip("_") for name in frame.columns]
    if named and hasattr(found, "target_names"):
        frame["target"] = [str(found.target_names[kind]) for kind in frame["target"]]
    return frame


def text(frame, **options):
    return frame.to_csv(index=False, **options).encode()


def office():
    """The loans as a German office program writes them: semicolons, commas, umlauts, cp1252."""
    frame = pd.read_csv(CREDIT).rename(
        columns={"Price": "Preis in €", "Age": "Lebensalter (Jahre)"}
    )
    frame["Home"] = frame["Home"].replace({"rent": "Miete in Köln", "owner": "Eigentümer"})
    frame["Income"] = frame["Income"] / 7
    written = io.StringIO()
    frame.to_csv(written, index=False, sep=";", decimal=",")
    return written.getvalue().encode("cp1252")


def marked():
    """Tumours with values missing, written in several ways."""
    frame = bunch(datasets.load_breast_cancer).iloc[:408].astype(object)
    draw = np.random.default_rng(0)
    for number, mark in enumerate(["?", "n/a", "-", ""]):
        frame.iloc[draw.choice(408, 12, replace=False), number] = mark
    return text(frame)


def mixed():
    """Loans with numbers of rows, dates, booleans, and a code for Namibia."""
    frame = pd.read_csv(CREDIT).iloc[:600]
    draw = np.random.default_rng(1)
    frame.insert(0, "id", np.arange(100_000, 100_600))
    frame["since"] = pd.date_range("2019-01-01", periods=600, freq="D").strftime("%Y-%m-%d")
    frame["insured"] = draw.random(600) > 0.5
    frame["country"] = draw.choice(["NA", "DE", "FR"], 600)
    return text(frame)


def parquet(frame):
    written = io.BytesIO()
    frame.to_parquet(written, index=False)
    return written.getvalue()


# Name of the file, target, and content. Sources: scikit-learn's own (BSD-3-Clause, UCI CC BY 4.0),
# and the loans of this repository (MIT), in the forms that people have tables in.
TABLES = {
    "iris": ("iris.csv", "target", lambda: text(bunch(datasets.load_iris))),
    "wine": ("wine.csv", "target", lambda: text(bunch(datasets.load_wine))),
    "tumours": ("tumours.csv", "target", lambda: text(bunch(datasets.load_breast_cancer))),
    "digits": ("digits.csv", "target", lambda: text(bunch(datasets.load_digits).iloc[:600])),
    "diabetes": (
        "diabetes.csv",
        "target",
        lambda: text(bunch(datasets.load_diabetes, named=False)),
    ),
    "loans": ("loans.csv", "Status", CREDIT.read_bytes),
    "an office": ("Kredite Köln.csv", "Status", office),
    "missing markers": ("marked.csv", "target", marked),
    "identifiers and dates": ("mixed.csv", "Status", mixed),
    "tabs": ("wine.tsv", "target", lambda: text(bunch(datasets.load_wine), sep="\t")),
    "Parquet": ("iris.parquet", "target", lambda: parquet(bunch(datasets.load_iris))),
    "UTF-16": (
        "iris16.csv",
        "target",
        lambda: text(bunch(datasets.load_iris)).decode().encode("utf-16"),
    ),
}


def environment(project):
    """Give a project the environment of the tests, as if `make` had made it there."""
    (project / ".venv").mkdir()
    (project / ".venv/bin").symlink_to(Path(sys.executable).parent)
    (project / ".venv/.ready").touch()


@pytest.mark.parametrize("name", TABLES)
def test_a_table_becomes_a_verified_result(tmp_path, name):
    """`repro init`, what its error advises if it has to know more, and what it says is next."""
    file, target, content = TABLES[name]
    (tmp_path / file).write_bytes(content())
    words = ["init", "made", "--data", file, "--target", target]
    result = command("-m", "repro", *words, cwd=tmp_path)
    if result.status == 2 and "--positive LABEL" in result.err:
        label = re.findall(r"two labels, (\S+) and", result.err)[0]
        result = command("-m", "repro", *words, "--positive", label, cwd=tmp_path)
    assert result.status == 0, result.err
    environment(tmp_path / "made")
    told = result.out.splitlines()[-1].removeprefix("next: ")

    done = subprocess.run(
        ["bash", "-c", told], cwd=tmp_path, capture_output=True, text=True, timeout=TIMEOUT,
        env={"PATH": os.defpath, "HOME": str(tmp_path)}, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert shlex.split(told)[:2] == ["cd", "made"]
    assert "verdict        identical" in done.stdout
    scores = re.findall(r"^(?:roc_auc|r2) +(\S+)", done.stdout, re.MULTILINE)
    assert float(scores[0]) > 0.35
