"""Libraries of other tools are imported for their own format only."""

from __future__ import annotations

import json

import pytest

from tests.conftest import command

HEAVY = (
    "mlflow", "wandb", "rocrate", "huggingface_hub", "dvc", "mlcroissant", "numpy", "pandas",
    "sklearn",
)  # fmt: skip
CODE = """
import json, sys
from repro.cli import run
status = run(sys.argv[1:])
print("\\n" + json.dumps([status, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


GROUPS = [[], ["export"], *(["export", each] for each in ("mlflow", "wandb", "crate", "card"))]


@pytest.mark.parametrize("group", GROUPS)
def test_help_imports_none_of_them(group):
    done = command("-c", CODE, *group, "--help")
    status, loaded = json.loads(done.out.splitlines()[-1])

    assert status == 0
    assert [name for name in HEAVY if name in loaded] == []


def test_a_training_imports_none_of_them(project):
    """Wherever they are installed."""
    words = ("train", "-p", "debug", "-m", "logistic_regression", "--project", project.path)
    level = {"PYTHONSAFEPATH": None}
    done = command("-c", CODE, *words, "--level", "seeded", cwd=project.path, env=level)
    status, loaded = json.loads(done.out.splitlines()[-1])

    assert status == 0
    assert "sklearn" in loaded
    assert [name for name in HEAVY[: HEAVY.index("numpy")] if name in loaded] == []
