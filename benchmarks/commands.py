"""Short commands in turn with those of other tools, and with Python itself."""

import shutil
import subprocess

from copies import copy_runs
from peers import program
from sides import PYTHON, REPRO, Side, pair

PROGRAMS = {"dvc": "dvc", "mlflow": "mlflow", "guildai": "guild"}
RUNS = 100
MLFLOW_RUNS = """\
import mlflow, sys
mlflow.set_tracking_uri("sqlite:///mlflow.db")
for number in range(int(sys.argv[1])):
    with mlflow.start_run():
        mlflow.log_params({"C": 1.0, "max_iter": 100})
        mlflow.log_metrics({"accuracy": 0.9, "roc_auc": 0.9, "log_loss": 0.1})
"""


def commands(bench):
    """Yield rows for help, version, a list of runs, and a check of files that did not change."""
    place = bench.folder / "commands"
    place.mkdir()
    click = Side([PYTHON, "-c", "import click"], place)
    for word in ("--help", "--version"):
        left = Side([REPRO, word], place)
        yield _row(bench, f"`repro {word}` / `import click`", left, click)
        for peer, name in PROGRAMS.items():
            path = program(peer, name)
            if path is not None:
                right = Side([path, word], place)
                yield _row(bench, f"`repro {word}` / `{name} {word}`", left, right)
    run = bench.a_run()
    runs = place / "runs"
    copy_runs(run, runs, 10 if bench.quick else RUNS)
    yield from _lists(bench, place, runs)
    yield from _checks(bench, place, run)


def _lists(bench, place, runs):
    count = len(list(runs.iterdir()))
    left = Side([REPRO, "runs", "list", "--runs", str(runs)], place)
    mlflow, python = program("mlflow", "mlflow"), program("mlflow")
    if mlflow is None:
        yield _row(bench, f"`repro runs list`, {count} runs", left, None)
        return
    make = [python, "-c", MLFLOW_RUNS, str(count)]
    subprocess.run(make, cwd=place, check=True, capture_output=True)
    right = Side([mlflow, "runs", "list", "--experiment-id", "0"], place,
                 {"MLFLOW_TRACKING_URI": "sqlite:///mlflow.db"})  # fmt: skip
    yield _row(bench, f"`repro runs list` / `mlflow runs list`, {count} runs", left, right)


def _checks(bench, place, run):
    verify = [REPRO, "verify", "--integrity", run.name, "--runs", str(run.parent)]
    left = Side(verify, place)
    bare = Side([PYTHON, "-c", "pass"], place)
    yield _row(bench, "`repro verify --integrity` / `python -c pass`", left, bare)
    dvc = program("dvc", "dvc")
    if dvc is not None:
        shutil.copytree(run, place / "same_run")
        subprocess.run([dvc, "init", "-q", "--no-scm"], cwd=place, check=True)
        subprocess.run([dvc, "add", "-q", "same_run"], cwd=place, check=True)
        right = Side([dvc, "status"], place)
        yield _row(bench, "`repro verify --integrity` / `dvc status`, the same run", left, right)


def _row(bench, name, left, right):
    rounds = bench.rounds if bench.quick else 3 * bench.rounds
    return pair("commands", name, left, right, rounds)
