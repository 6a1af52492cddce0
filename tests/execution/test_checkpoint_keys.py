"""A checkpoint is found by the same training alone."""

from types import SimpleNamespace

import pytest
from tests.conftest import ROOT
from tests.divergence.test_expectation import FIRST, with_torch

from repro.app.configuration import resolve_request
from repro.config.compose import Request
from repro.execution.checkpoints import CheckpointRequest, begin_checkpoints, training_key

TABLE = SimpleNamespace(content="frame/v1:aa")


def configured(*assignments, family="mlp_torch", **changes):
    flags = (("-m", "families", f"[{family}]"), *(("-s", *each) for each in assignments))
    return resolve_request(ROOT, Request(experiment="wine", assignments=flags, **changes)).config


CONFIG = configured()


@pytest.fixture
def project(tmp_path):
    (tmp_path / "mine.py").write_text("x = 1\n")
    return tmp_path


def key(project, config=CONFIG, environment=FIRST, table=TABLE):
    return training_key(project, config, table, environment)


def test_whatever_may_change_a_result_makes_a_different_key(project, monkeypatch):
    """Configuration, data, seed, level, any part of the environment, and code."""
    code = {"security": CONFIG.security.model_copy(update={"allowed_modules": ("mine",)})}
    own = CONFIG.model_copy(update=code)
    keys = [
        key(project),
        key(project, configured(("seed", "7"))),
        key(project, configured(("models.mlp_torch.params.epochs", "31"))),
        key(project, configured(("determinism.level", "strict"))),
        key(project, table=SimpleNamespace(content="frame/v1:bb")),
        key(project, environment=with_torch(gemm="a")),
        key(project, environment=with_torch(gemm="b")),
        key(project, environment=FIRST.model_copy(update={"packages": {"torch": "2.0"}})),
        key(project, own),
    ]
    (project / "mine.py").write_text("x = 2\n")
    keys.append(key(project, own))
    monkeypatch.setattr("repro.execution.checkpoints.digest_of_package", lambda: "changed")
    keys.append(key(project))

    assert len({*keys}) == len(keys)


def test_what_changes_no_result_keeps_the_key(project):
    """Workers, the folder of the runs, how often, and the commit."""
    same = configured(
        ("execution.workers", "2"), ("execution.runs", "other"), ("execution.checkpoint_every", "1")
    )
    moved = FIRST.model_copy(update={"dropped": {"PYTHONPATH": "x"}, "git": FIRST.git})

    assert key(project, same) == key(project, environment=moved) == key(project)


@pytest.mark.parametrize(
    ("config", "asked"),
    [
        (configured(family="knn"), True),
        (configured(("execution.checkpoint_every", "null")), True),
        (CONFIG, False),
    ],
    ids=["no family takes steps", "never", "nobody asked"],
)
def test_nothing_is_kept_where_there_is_nothing_to_continue(project, config, asked):
    request = CheckpointRequest(project / "runs") if asked else None

    assert begin_checkpoints(request, project, config, TABLE, None, None) is None
    assert not (project / "runs").exists()
