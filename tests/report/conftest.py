"""Records of one experiment, trained here under several settings, and a run of every task."""

import os

import pytest
from tests.conftest import make_project

from repro.app.compare import read_entry
from repro.launch import Level, leaking

TRAIN = ("breast_cancer", "--profile", "debug", "-m", "logistic_regression", "-m", "knn")
CLEAN = dict.fromkeys(leaking(os.environ))
TASKS = {"binary": "breast_cancer", "multiclass": "wine", "regression": "diabetes"}


@pytest.fixture(scope="session")
def entries(tmp_path_factory):
    """The reference, the same again, other code paths where there are any, and another seed."""
    project = make_project(tmp_path_factory.mktemp("report") / "project")
    other = CLEAN | dict(Level.STRICT.variables) | {"OPENBLAS_CORETYPE": "Nehalem"}
    runs = [
        project.train(*TRAIN, "--level", "strict", env=CLEAN),
        project.train(*TRAIN, "--level", "strict", env=CLEAN),
        project.train(*TRAIN, "--level", "seeded", env=other),
        project.train(*TRAIN, "--level", "strict", "--seed", "7", env=CLEAN),
    ]
    return [read_entry(project.path, project.path / "runs", run.name) for run in runs]


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """A project, and by task a run of it; only to be read or copied."""
    project = make_project(tmp_path_factory.mktemp("runs") / "project")
    found = {task: project.train(name, "--profile", "debug") for task, name in TASKS.items()}
    return project, found
