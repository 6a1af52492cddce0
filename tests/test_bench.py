"""Benchmarks: what is written is what was measured; no time is ever asserted."""

import importlib
import json
import math
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from tests.conftest import ROOT

FOLDER = ROOT / "benchmarks"


@pytest.fixture
def sides(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("sides")


@pytest.fixture
def results(sides):
    return importlib.import_module("results")


def bench(*arguments):
    return subprocess.run(
        [sys.executable, str(FOLDER / "bench.py"), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def cells(line):
    return [cell.strip() for cell in line.strip("|\n").split("|")]


def test_the_page_has_the_rows_that_were_measured_and_their_slope(tmp_path):
    done = bench("--quick", "--rounds", "1", "--only", "records", "--output", str(tmp_path))

    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "results.json").read_text())["records"]
    page = (tmp_path / "RESULTS.md").read_text()
    rows = [cells(line) for line in page.splitlines() if line.startswith("| `repro compare`")]
    assert [(row["size"], row["rounds"]) for row in found["rows"]] == [(2, 1), (10, 1)]
    for row, shown in zip(found["rows"], rows, strict=True):
        left, right = row["left"], row["right"]
        assert shown[0] == row["name"]
        assert float(shown[3]) == pytest.approx(left["wall"] / right["wall"], abs=0.006)
        assert float(shown[7]) == pytest.approx(left["cpu"] / right["cpu"], abs=0.006)
        assert min(left["memory"], right["memory"]) > 1
    costs = [row["left"]["cpu"] for row in found["rows"]]
    expected = math.log(costs[1] / costs[0]) / math.log(10 / 2)
    [slope] = re.findall(r"^\| records \| 2 to 10 \| (\S+) \|", page, re.MULTILINE)
    assert float(slope) == pytest.approx(expected, abs=0.006)
    assert ("The load was above 1" in page) == (float(found["load"].split(",")[0]) > 1)
    assert ET.parse(tmp_path / "records.svg").getroot().tag.endswith("svg")


def test_what_is_left_out_keeps_its_results(tmp_path, results):
    about = {"when": "before", "processor": "x", "processors": 1, "load": "0.1, 0.1, 0.1"}
    done = {"busy": False, "quick": False, "complete": True, "rounds": 3}
    kept = about | done | {"rows": [], "notes": ["kept"], "versions": {"python": "3"}}
    results.write(tmp_path, {"shipped": kept})

    assert results.read(tmp_path) == {"shipped": kept}
    assert "kept" in (tmp_path / "RESULTS.md").read_text()


def test_sides_take_turns(tmp_path, sides):
    log = tmp_path / "log"

    def side(name):
        code = f"open({str(log)!r}, 'a').write({name!r})"
        return sides.Side([sys.executable, "-c", code])

    spent = sides.in_turn([side("A"), side("B")], 2)

    assert log.read_text() == "AB" + "ABAB"
    assert [len(each) for each in spent] == [2, 2]


def test_memory_is_that_of_the_process_in_megabytes():
    """A process that fills 200 MB has at least as much, and not a thousand times as much.

    Linux counts what the process that starts one has: so a small one does.
    """
    filling = [sys.executable, "-c", "x = b'x' * 200_000_000"]
    program = f"import sides; print(sides.run(sides.Side({filling!r})).memory)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=FOLDER,
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert 200 < float(done.stdout) < 400


def test_a_command_that_fails_ends_the_run_with_what_it_said(sides):
    with pytest.raises(SystemExit, match=r"status 3:\nno such thing"):
        sides.run(sides.Side([sys.executable, "-c", "print('no such thing'); raise SystemExit(3)"]))


def test_ratios_are_pair_by_pair(sides):
    left = [sides.Spent(wall, 1, 1) for wall in (2.0, 9.0, 40.0)]
    right = [sides.Spent(wall, 1, 1) for wall in (1.0, 3.0, 10.0)]

    assert sides.ratio(left, right, "wall") == sides.Ratio(3.0, 2.0, 4.0)


def test_the_slope_of_a_power_is_its_exponent(results):
    sizes = [10, 100, 1_000, 10_000]

    assert results.slope(sizes, [5 * n**1.5 for n in sizes]) == pytest.approx(1.5)


def test_a_name_that_is_no_comparison_is_refused():
    done = bench("--only", "recods")

    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "'recods'" in done.stderr
