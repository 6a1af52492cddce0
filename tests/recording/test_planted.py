"""Causes that are planted one by one into two recordings of one script: each is named."""

from __future__ import annotations

import json
import os

import pytest

posix = pytest.mark.skipif(os.name == "nt", reason="locales and time zones by variables")

BASE = """\
import pandas as pd
from sklearn.linear_model import LogisticRegression
{imports}
data = pd.read_csv("iris.csv")
{change}
X, y = data.drop(columns="target"), data["target"]
model = LogisticRegression(max_iter=500).fit(X, y)
print(model.score(X, y))
"""


def script(folder, *, imports="", change=""):
    folder.write("train.py", BASE.format(imports=imports, change=change))


def compared(folder, first=None, second=None, between=lambda: None, level="portable"):
    """Record twice, with something changed in between, and compare the two records."""
    options = ("--level", level)
    folder.record("python", "train.py", options=options, **(first or {}))
    between()
    folder.record("python", "train.py", options=options, **(second or {}))
    done = folder.repro("compare", *(run.name for run in folder.runs()), "--json")
    assert done.status in {0, 1}, done.err
    [candidate] = json.loads(done.out)["candidates"]
    assert candidate["comparison"]["verdict"] != "identical"
    return candidate


def causes(candidate):
    return {each["cause"]: each for each in candidate["suspects"] if each["can_act"]}


def stage(candidate):
    return candidate["comparison"]["divergence"]["stage"]


def test_a_data_row(folder):
    script(folder)
    data = folder.path / "iris.csv"

    def change():
        data.write_text(data.read_text().replace("5.1,3.5", "5.1,3.6", 1))

    found = compared(folder, between=change)
    assert found["comparison"]["verdict"] == "incomparable"
    assert "input iris.csv differs" in found["comparison"]["reasons"]
    assert stage(found) == "train.py:4 read_csv"


def test_an_own_module(folder):
    script(folder, imports="from own import scale", change="data = scale(data)")
    folder.write("own.py", "def scale(data):\n    return data * 1\n")
    change = "def scale(data):\n    return data.assign(**{data.columns[0]: 2.0})\n"
    found = compared(folder, between=lambda: folder.write("own.py", change))
    assert stage(found) == "train.py:7 LogisticRegression.fit"
    assert found["comparison"]["divergence"]["inputs"] == ["X"]
    assert list(found["code"]) == ["own.py"]
    assert "the code" in causes(found)


def test_the_version_of_a_package(folder, tmp_path):
    """A distribution that two folders have in two versions, as two environments would."""
    for version, factor in (("1.0", 1), ("2.0", 2)):
        site = tmp_path / version / "site-packages"
        (site / f"planted-{version}.dist-info").mkdir(parents=True)
        (site / "planted.py").write_text(f"def scale(data):\n    return data * {factor}\n")
        metadata = f"Metadata-Version: 2.1\nName: planted\nVersion: {version}\n"
        (site / f"planted-{version}.dist-info" / "METADATA").write_text(metadata)
        record = f"planted.py,,\nplanted-{version}.dist-info/METADATA,,\n"
        (site / f"planted-{version}.dist-info" / "RECORD").write_text(record)
    script(
        folder,
        imports="from planted import scale",
        change="data.iloc[:, 0] = scale(data.iloc[:, 0])",
    )
    paths = [{"PYTHONPATH": str(tmp_path / v / "site-packages")} for v in ("1.0", "2.0")]
    found = compared(folder, *paths)
    assert stage(found) == "train.py:7 LogisticRegression.fit"
    named = [each["differences"] for each in causes(found).values()]
    assert {"packages.planted": ["1.0", "2.0"]} in [
        {k: v for k, v in each.items() if "planted" in k} for each in named
    ]


@posix
def test_a_time_zone_and_a_locale(folder):
    change = (
        "data['hour'] = pd.Timestamp(0, unit='s').tz_localize('UTC').timestamp()\n"
        "import time; data['hour'] += time.localtime(0).tm_hour"
    )
    script(folder, change=change)
    found = compared(folder, {"TZ": "UTC"}, {"TZ": "Asia/Tokyo"})
    assert stage(found) == "train.py:8 LogisticRegression.fit"
    differences = {k: v for each in causes(found).values() for k, v in each["differences"].items()}
    assert "locale.timezone" in differences


def test_the_order_of_a_set_where_the_level_leaves_it_free(folder):
    change = "data = data[list(set(data.columns) - {'target'}) + ['target']]"
    script(folder, change=change)
    found = compared(folder, {"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2"}, level="seeded")
    assert stage(found) == "train.py:7 LogisticRegression.fit"
    suspects = causes(found)
    assert suspects["the order of a set"]["differences"] == {
        "train.py:5": ["list(set(…))", "list(set(…))"]
    }
    assert "hash seed" in suspects


def test_the_clock_in_a_feature(folder):
    script(folder, imports="import time", change="data['now'] = time.time()")
    found = compared(folder)
    assert stage(found) == "train.py:7 LogisticRegression.fit"
    assert found["comparison"]["divergence"]["inputs"] == ["X"]
    clock = causes(found)["the clock"]
    assert clock["differences"] == {"train.py:5": ["time.time()", "time.time()"]}


def test_a_file_more_in_a_folder_that_is_listed(folder):
    folder.write("parts/a.txt", "a")
    script(folder, imports="import os", change="data['n'] = len(os.listdir('parts'))")
    found = compared(folder, between=lambda: folder.write("parts/b.txt", "b"))
    assert list(causes(found)["names in a folder"]["differences"]) == ["parts"]


def test_nothing_planted_is_identical(folder):
    script(folder)
    options = ("python", "train.py")
    folder.record(*options)
    folder.record(*options)
    done = folder.repro("compare", *(run.name for run in folder.runs()), "--json")
    assert done.status == 0
    [candidate] = json.loads(done.out)["candidates"]
    assert candidate["comparison"]["verdict"] == "identical"
    assert candidate["suspects"] == []
