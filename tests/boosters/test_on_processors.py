"""XGBoost, CatBoost and LightGBM's linear trees on other processors: the same bits at a level."""

import pytest
from tests.needs import require

from repro.app.configuration import resolve_request
from repro.config.compose import Request
from repro.execution.places import Silent, recipe_of
from repro.launch import Level
from tools.cpu_bench.bench import CPUS, BenchError, Mask, by_name, default_folder
from tools.cpu_bench.place import Processor
from tools.cpu_matrix import ROOT

pytestmark = pytest.mark.scripts
LINEAR = ("--variant", "variants.lightgbm", "linear_tree")


@pytest.fixture(scope="module")
def mask():
    for name in ("xgboost", "catboost", "lightgbm"):
        require(name)
    mask = Mask(default_folder())
    try:
        mask.how(by_name("haswell"))
    except BenchError as error:
        pytest.skip(str(error))
    return mask


def trained(mask, cpu, experiment, level):
    """Return what all families of an experiment gave: every stage, number and prediction."""
    families = ("--model", "families", "[xgboost, catboost, lightgbm]")
    asked = (families, LINEAR, ("--level", "determinism.level", str(level)))
    request = Request(experiment=experiment, profile="debug", assignments=asked)
    recipe = recipe_of(resolve_request(ROOT, request).config)
    record = Processor(mask, cpu).execute(ROOT, recipe, Silent()).record
    assert {name.split(".")[2] for name in record.evidence.numbers if ".cross_val" in name} == {
        "xgboost", "catboost", "lightgbm",
    }  # fmt: skip
    return record.steps, record.evidence.numbers, record.evidence.predictions


@pytest.mark.parametrize("level", [Level.PORTABLE, Level.PORTABLE_V2], ids=str)
@pytest.mark.parametrize("experiment", ["credit", "digits", "diabetes"])
def test_all_processors_give_the_same_bits(mask, experiment, level):
    """Every stage output and number, this machine's own processor included."""
    oldest = {"nehalem", "sandybridge"} if level is Level.PORTABLE else set()
    cpus = [c for c in CPUS if c.name not in oldest and mask.reason_to_skip(c) is None]

    own = trained(mask, None, experiment, level)

    assert len(cpus) > 1
    for cpu in cpus:
        assert trained(mask, cpu, experiment, level) == own, cpu.name
