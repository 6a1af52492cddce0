"""Whatever a configuration imports is known by its path: classes, functions and transformers."""

import pytest
from tests.divergence.test_assess import RECORD

from repro.config.preprocessing import ColumnGroup, Transform
from repro.config.recorded import parse_config
from repro.config.training import Model
from repro.divergence.loaded import Loaded
from repro.execution.loaded import class_paths

OWN = parse_config(RECORD.config, "own")


def grouped(path):
    steps = (Transform(name="it", transformer=path, params={"key": {"function": "mine:key"}}),)
    group = ColumnGroup(columns=("a",), steps=steps)
    return OWN.preprocessing.model_copy(update={"groups": {"g": group}})


def test_transformers_and_functions_are_among_the_paths():
    """Of all families, and of one alone; a function of the list is no code of its own."""
    functions = {"f": [{"function": "mine:f"}], "g": {"function": "numpy:log1p"}}
    model = Model(estimator="mine:M", variant=None, params=functions)
    alone = model.model_copy(update={"preprocessing": grouped("alone:T")})
    config = OWN.model_copy(update={"preprocessing": grouped("shared:T"), "models": {"m": alone}})

    assert class_paths(config) == {"mine:M", "mine:f", "mine:key", "shared:T", "alone:T"}


@pytest.mark.parametrize(
    ("path", "foreign"),
    [("elsewhere:Encoder", True), ("sklearn.preprocessing:TargetEncoder", False)],
)
def test_a_transformer_of_another_package_is_code_whose_needs_are_unknown(path, foreign):
    """It may read what no record has, as an estimator may."""
    shared = RECORD.config["preprocessing"] | {
        "groups": {"g": {"columns": ["a"], "steps": [{"name": "s", "transformer": path}]}}
    }
    record = RECORD.model_copy(
        update={"config": RECORD.config | {"preprocessing": shared}, "code": {}}
    )

    assert Loaded.by(record, record).foreign == foreign
