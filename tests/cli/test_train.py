"""`repro train`, as a user runs it."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.alive import children_of, is_running
from tests.conftest import ROOT, make_project
from tests.needs import require

SAME_BYTES = (
    "metrics.json",
    "predictions.csv",
    "stages.json",
    "threshold.json",
    "drift_baseline.json",
)
FILES = {
    *SAME_BYTES,
    "config.json",
    "environment.json",
    "lineage.json",
    "model.joblib",
    "record.json",
    "report.html",
    "report.md",
    "seeds.json",
    "snapshot.json",
}


def contents(run):
    return {name: (run / name).read_bytes() for name in SAME_BYTES}


def test_a_run_folder_has_everything_that_the_result_is_a_function_of(trained):
    """The files of the contract, and no others."""
    _, run = trained

    assert {path.name for path in run.iterdir()} == FILES


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        ((), {}),
        (("--workers", "2"), {}),
        ((), {"PYTHONHASHSEED": "random", "OMP_NUM_THREADS": "8", "OPENBLAS_NUM_THREADS": "4"}),
    ],
    ids=["again", "two workers", "hostile environment"],
)
def test_training_again_gives_the_same_bytes(copied, arguments, env):
    """For any number of workers, and whatever the caller's environment says."""
    project, run = copied

    again = project.train("--profile", "debug", *arguments, env=env)

    assert contents(again) == contents(run)


def test_another_folder_gives_the_same_bytes(trained, tmp_path):
    """No path is part of a result."""
    other = make_project(tmp_path / "some where" / "ünïcode")

    assert contents(other.train("--profile", "debug")) == contents(trained[1])


def other_pythons():
    """Find interpreters of the supported versions, besides the one that runs the tests."""
    paths = [shutil.which(f"python3.{minor}") for minor in (11, 12, 13, 14)]
    paths += sorted(Path("~/.pyenv/versions").expanduser().glob("*/bin/python"))
    code = "import sys, venv, ensurepip; print(f'{sys.version_info.minor}')"
    found = {}
    for path in filter(None, paths):
        done = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
        minor = int(done.stdout) if done.returncode == 0 else 0
        if minor in {11, 12, 13, 14} - {sys.version_info.minor}:
            found[minor] = path
    return found


def test_another_version_of_python_gives_the_same_bytes(trained, tmp_path):
    """The lock installs on each, and only environment.json tells them apart."""
    _, run = trained
    pythons = other_pythons()
    if not pythons:
        pytest.skip("no other Python from 3.11 to 3.14, with venv, is on this machine")
    other = make_project(tmp_path / "p")
    minor = max(pythons)
    subprocess.run([pythons[minor], "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    install = [python, "-m", "pip", "install", "-q", "--require-hashes", "--only-binary", ":all:"]
    subprocess.run([*install, "-r", ROOT / "requirements.txt"], check=True, timeout=1800)

    command = [python, "-m", "repro", "train", "--profile", "debug", "--json"]
    done = subprocess.run(
        [*command, "--project", other.path],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    its_run = other.path / json.loads(done.stdout)["path"]
    recorded = json.loads((its_run / "environment.json").read_text())["environment"]
    assert contents(its_run) == contents(run)
    assert recorded["interpreter"]["version"].startswith(f"3.{minor}.")


def keys(run):
    found = json.loads((run / "snapshot.json").read_text())["keys"]
    return found["replicate_key"], found["strict_key"]


def test_another_seed_is_a_replicate_and_not_the_same_training(copied):
    """The seed is the only difference between the two keys."""
    project, run = copied

    other = project.train("--profile", "debug", "--seed", "7")

    assert [a == b for a, b in zip(keys(run), keys(other), strict=True)] == [True, False]
    assert contents(other) != contents(run)


def test_a_changed_parameter_byte_or_column_order_is_another_experiment(trained, tmp_path):
    """Each changes both keys."""
    _, run = trained
    changed = []
    for number, change in enumerate((change_parameter, change_byte, change_order)):
        project = make_project(tmp_path / str(number))
        changed.append(keys(project.train("--profile", "debug", *change(project))))

    assert [set(keys(run)) & set(found) for found in changed] == [set(), set(), set()]


def change_parameter(_project):
    return ("--set", "models.knn.params.n_neighbors=16")


def rehash(project):
    found = project.repro("data", "hash", "data/credit.csv", "--json")
    text = (project.path / "configs/datasets.yaml").read_text()
    declared = text.partition("sha256: ")[2][:64]
    project.replace("configs/datasets.yaml", declared, found.json["sha256"])


def change_byte(project):
    project.replace("data/credit.csv", "good,9,rent,60", "good,8,rent,60")
    rehash(project)
    return ()


def change_order(project):
    path = project.path / "data/credit.csv"
    rows = [line.split(",") for line in path.read_text().splitlines()]
    path.write_text("".join(",".join([*row[:-2], row[-1], row[-2]]) + "\n" for row in rows))
    rehash(project)
    return ()


@pytest.mark.parametrize("experiment", ["credit", "breast_cancer", "wine", "digits", "diabetes"])
def test_every_experiment_trains_and_verifies(project, experiment):
    """Binary, multi-class and regression."""
    run = project.train(experiment, "--profile", "debug")

    verified = project.repro("verify", run, "--json")

    assert (verified.status, verified.json["comparison"]["verdict"]) == (0, "identical")


@pytest.mark.parametrize(
    ("experiment", "family"),
    [
        ("credit", "lightgbm"),
        ("credit", "ridge"),
        ("wine", "knn"),
        ("wine", "svm"),
        ("wine", "ridge"),
        ("diabetes", "lightgbm"),
        ("diabetes", "svm"),
        ("diabetes", "decision_tree"),
    ],
)
def test_every_family_trains(project, experiment, family):
    """Those that the shipped experiments leave out included."""
    if family == "lightgbm":
        require(family)
    metric = {"credit": "roc_auc", "wine": "accuracy", "diabetes": "rmse"}[experiment]

    run = project.train(
        experiment, "-m", family, "--profile", "debug", "-s", f"selection.metric={metric}"
    )

    assert json.loads((run / "metrics.json").read_text())["model"] == family
    assert project.repro("verify", run, "--integrity").status == 0


@pytest.mark.parametrize(
    ("experiment", "decision"),
    [
        ("credit", "{rule: argmax}"),
        ("credit", "{rule: fixed, threshold: 0.25}"),
        ("credit", "{rule: target_precision, precision: 0.999}"),
        ("breast_cancer", "{rule: target_precision, precision: 0.95}"),
    ],
)
def test_every_decision_rule_trains(project, experiment, decision):
    """And what its record says follows from its stages, whether the target is reached or not."""
    run = project.train(experiment, "-m", "knn", "-p", "debug", "-s", f"decision={decision}")

    assert json.loads((run / "threshold.json").read_text())["rule"] in decision
    assert project.repro("verify", run, "--integrity").status == 0


def test_a_flag_about_a_family_that_is_not_trained_is_refused(project):
    """It would be ignored in silence otherwise."""
    for flag in (("--variant", "svm=linear"), ("-s", "models.svm.params.C=2")):
        result = project.repro("train", *flag)

        assert (result.status, "the family 'svm' is not trained" in result.err) == (2, True)


def test_a_held_out_part_that_judges_nothing_is_refused(project):
    """Too few rows, or not every class."""
    for flags in (("--test-size", "0.001"), ("-s", "split.limit=177"), ("-s", "split.limit=12")):
        result = project.repro("train", "wine", *flags)

        assert (result.status, "defect" in result.err) == (3, False), result.err


def test_a_leak_is_named_in_a_regression_and_with_many_classes(project):
    """A feature that is the target."""
    rows = [f"{i % 10},{i * 3},{'abcdefghij'[i % 10]},{i * 0.5}" for i in range(300)]
    project.write("data/leak.csv", "code,number,label,value\n" + "\n".join(rows) + "\n")
    facts = ("--licence", "MIT", "--origin", "made here")
    found = []
    for target, task, metric in (
        ("label", "multiclass", "accuracy"),
        ("value", "regression", "r2"),
    ):
        file = project.path / "data/leak.csv"
        name = f"leak_{task}"
        assert project.repro("data", "add", name, file, "--target", target, *facts).status == 0
        project.write(
            f"configs/experiments/{name}.yaml",
            f"schema: repro.experiment/v1\ndescription: Leaks.\ntask: {task}\ndataset: {name}\n"
            f"families: [decision_tree]\nselection: {{metric: {metric}}}\n",
        )
        found.append(project.repro("train", name).err)

    assert ("'code' alone" in found[0], "'number' alone" in found[1]) == (True, True), found


def test_the_constant_scheme_gives_every_component_the_base_seed(project):
    """So that results of projects with one global seed can be matched."""
    run = project.train("wine", "--profile", "debug", "-s", "seeding.scheme=constant")

    assert set(json.loads((run / "seeds.json").read_text())["seeds"].values()) == {42}


def test_a_class_by_import_path_trains_where_its_module_is_allowed(project):
    """A project's own estimator, in a package of its own."""
    project.write(
        "mine.py", "from sklearn.naive_bayes import GaussianNB\n\nclass Mine(GaussianNB): pass\n"
    )
    project.write(
        "configs/models/mine.yaml",
        "schema: repro.model/v1\nestimators: {classification: 'mine:Mine'}\nparams: {}\n",
    )
    asked = ("train", "wine", "-m", "mine", "--profile", "debug")
    env = {"PYTHONPATH": str(project.path)}

    refused = project.repro(*asked, env=env)
    project.replace("configs/base.yaml", "lightgbm]", "lightgbm, mine]")
    allowed = project.repro(*asked, env=env)

    assert (refused.status, "module 'mine' is not allowed" in refused.err) == (2, True)
    assert allowed.status == 0, allowed.err
    (run,) = (project.path / "runs").iterdir()
    lineage = json.loads((run / "lineage.json").read_text())
    digest = hashlib.sha256((project.path / "mine.py").read_bytes()).hexdigest()
    assert lineage["code"]["mine.py"] == digest


def test_noise_is_reported_as_no_better_than_a_constant_guess(project):
    """Reproducing noise proves nothing; the configuration decides whether that fails."""
    path = project.path / "data/credit.csv"
    header, *rows = path.read_text().splitlines()
    labels = random.Random(1).choices(["good", "bad"], [2, 1], k=len(rows))
    noise = [
        ",".join([label, *row.split(",")[1:]]) for label, row in zip(labels, rows, strict=True)
    ]
    path.write_text("\n".join([header, *noise]) + "\n")
    rehash(project)

    warned = project.repro("train", "--profile", "debug")
    failed = project.repro("train", "--profile", "debug", "-s", "safety.on_finding=fail")

    assert (warned.status, "no better than guessing" in warned.err) == (0, True)
    assert failed.status == 1


def test_a_feature_that_knows_the_target_is_named(project):
    """Leakage is suspected by name."""
    path = project.path / "data/credit.csv"
    header, *rows = path.read_text().splitlines()
    leaked = [f"{row},{2 if row.startswith('bad') else 1}" for row in rows]
    path.write_text("\n".join([f"{header},Outcome", *leaked]) + "\n")
    project.replace("configs/datasets.yaml", "Amount, Price]", "Amount, Price, Outcome]")
    rehash(project)

    result = project.repro("train", "--profile", "debug")

    assert "the feature 'Outcome' alone scores 1.0000" in result.err


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupted_training_leaves_nothing(project, workers):
    """Neither Ctrl-C nor a request to terminate; no process either."""
    train = ("train", "--workers", workers, "--project", project.path)
    for number in (signal.SIGINT, signal.SIGTERM):
        process = subprocess.Popen(
            [sys.executable, "-m", "repro", *train],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for line in process.stderr:
            if "cross_validate" in line:
                break
        end = time.monotonic() + 60
        while len(children := children_of(process.pid)) < (2 if workers == "2" else 0):
            assert time.monotonic() < end, "no process was started"
            time.sleep(0.05)
        process.send_signal(number)
        _, err = process.communicate(timeout=300)
        assert not any(map(is_running, children))

        assert (process.returncode, "no partial output was left" in err) == (130, True)
        assert list((project.path / "runs").iterdir()) == []


def test_eight_first_runs_started_at_once_all_succeed(project):
    """No collision, no lock error."""
    command = [sys.executable, "-m", "repro", "train", "wine", "--profile", "debug", "-q", "--json"]
    started = [
        subprocess.Popen([*command, "--project", project.path], stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]

    runs = {json.loads(process.communicate(timeout=900)[0])["run_id"] for process in started}

    assert (len(runs), {process.returncode for process in started}) == (8, {0})


def test_progress_goes_to_standard_error_and_json_to_standard_output(project):
    """A machine can read one while a person reads the other."""
    result = project.repro("train", "wine", "--profile", "debug")

    assert "[ 5/14] cross_validate" in result.err
    assert "\x1b" not in result.out + result.err
