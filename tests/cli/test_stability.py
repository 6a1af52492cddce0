"""`repro runs groups --stability`: real runs of several seeds, judged by the project's limits."""

import json
import shutil

import pytest
from tests.conftest import Project, make_project

from repro.core.jsonfile import bound, dump_record, load_record
from repro.core.records import FileEntry, Lineage
from repro.digest.files import sha256_bytes

TRAIN = ("breast_cancer", "--profile", "debug", "-m", "decision_tree")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Three seeds, one of them twice."""
    project = make_project(tmp_path_factory.mktemp("stability") / "project")
    for seed in (1, 2, 3, 3):
        project.train(*TRAIN, "--seed", seed)
    return project


@pytest.fixture
def seeds(shared, tmp_path):
    shutil.copytree(shared.path, tmp_path / "copy")
    return Project(tmp_path / "copy")


def judged(project):
    result = project.repro("runs", "groups", "--stability", "--json")
    return result, result.json["groups"]


def limited(project, drifting, diverged):
    project.replace("configs/base.yaml", "  drifting: 0.25\n", f"  drifting: {drifting}\n")
    project.replace("configs/base.yaml", "  diverged: 1.0\n", f"  diverged: {diverged}\n")


@pytest.mark.parametrize(
    ("limits", "band", "status"),
    [((100, 200), "STABLE", 0), ((1e-6, 200), "DRIFTING", 0), ((1e-7, 1e-6), "DIVERGED", 1)],
)
def test_the_limits_are_those_of_the_project(seeds, limits, band, status):
    """The same runs, by other limits; the ratio is that of the recorded values."""
    limited(seeds, *limits)
    result, (group,) = judged(seeds)

    assert (result.status, group["band"]) == (status, band), result.err
    assert (group["runs"], group["seeds"]) == (4, [1, 2, 3])
    runs = [json.loads(path.read_text()) for path in seeds.path.glob("runs/*/metrics.json")]
    estimates = [metrics["test"]["accuracy"] for metrics in runs]
    values = [estimate["value"] for estimate in estimates]
    width = sum(estimate["high"] - estimate["low"] for estimate in estimates) / len(estimates)
    found = group["metrics"]["accuracy"]
    assert found["spread"] == max(values) - min(values) > 0
    assert found["ratio"] == pytest.approx(found["spread"] / width, rel=1e-12)
    assert found["repeated"] == {}


def test_people_see_range_ratio_and_band(seeds):
    """A line for each metric, and a sentence for the group."""
    limited(seeds, 1e-7, 1e-6)
    result = seeds.repro("runs", "groups", "--stability")

    assert result.status == 1
    assert "4 runs, 3 seeds" in result.out
    (line,) = [line for line in result.out.splitlines() if line.startswith("accuracy ")]
    assert line.endswith("DIVERGED")
    assert "diverge" in result.out.splitlines()[-2]


def change_a_metric(run):
    """Write another accuracy, as a run with other bits would have it."""
    metrics = json.loads((run / "metrics.json").read_text())
    metrics["test"]["accuracy"]["value"] += 2.0**-40
    rewrite(run, "metrics.json", metrics)


def rewrite(run, name, value):
    content = json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"
    (run / name).write_bytes(content)
    path = run / "lineage.json"
    lineage = load_record(path.read_bytes(), path.name, Lineage)
    entry = FileEntry(sha256=sha256_bytes(content), size=len(content))
    files = lineage.files | {name: entry}
    path.write_bytes(dump_record(bound(lineage.model_copy(update={"files": files}))))


def test_runs_of_one_seed_that_differ_are_a_finding(seeds):
    """However wide the limits are."""
    limited(seeds, 100, 200)
    change_a_metric(max(seeds.path.glob("runs/*/")))
    result, (group,) = judged(seeds)

    assert (result.status, group["band"]) == (1, "DIVERGED")
    assert group["sentence"] == (
        "runs of one seed in one environment do not agree: seed 3 by 9.09e-13 in accuracy"
    )
    assert group["metrics"]["accuracy"]["repeated"]["3"] == pytest.approx(2.0**-40, rel=1e-3)


def test_runs_of_one_seed_that_differ_in_a_stage_alone_are_a_finding(seeds):
    """No metric shows it, and both listings say it."""
    limited(seeds, 100, 200)
    run = max(seeds.path.glob("runs/*/"))
    stages = json.loads((run / "stages.json").read_text())
    evaluate = next(stage for stage in stages["stages"] if stage["name"] == "evaluate")
    evaluate["outputs"] = dict.fromkeys(evaluate["outputs"], "planted")
    rewrite(run, "stages.json", stages)
    result, (group,) = judged(seeds)
    plain = seeds.repro("runs", "groups")

    assert (result.status, group["band"], group["apart"]) == (1, "DIVERGED", [3])
    assert "runs of one seed do not have the same bits" in plain.err


def test_the_plain_listing_does_not_say_stable(seeds):
    """That word is the one of --stability, with its own limits."""
    result = seeds.repro("runs", "groups")

    assert (result.status, "stable" in result.out.lower()) == (0, False)
    assert "its interval" in result.out


def test_a_damaged_run_is_left_out_and_named(seeds):
    """What was edited is no evidence of stability."""
    limited(seeds, 100, 200)
    run = max(seeds.path.glob("runs/*/"))
    (run / "metrics.json").write_text("{}")
    result, (group,) = judged(seeds)

    assert (result.status, group["runs"]) == (0, 3)
    assert f"run {run.name} is damaged and was left out" in result.err
    assert result.json["damaged"] == [run.name]


def test_one_run_is_no_pass(copied):
    """Nothing was compared, and it says so."""
    project, _ = copied
    result = project.repro("runs", "groups", "--stability")

    assert result.status == 1
    assert "one run: nothing to compare" in result.out
    assert "STABLE" not in result.out


def test_no_runs_are_no_pass(project):
    """There is nothing to judge yet."""
    result = project.repro("runs", "groups", "--stability")

    assert (result.status, "no runs yet" in result.out) == (1, True)


def test_limits_out_of_order_are_refused(seeds):
    """With the file and the reason."""
    limited(seeds, 2, 1)
    result = seeds.repro("runs", "groups", "--stability")

    assert (result.status, "'drifting' must be below 'diverged'" in result.err) == (2, True)
