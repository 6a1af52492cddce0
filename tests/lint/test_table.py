"""What the table says of scikit-learn is what the installed one does."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest
import sklearn
from sklearn.svm import SVC
from sklearn.utils import all_estimators

import repro.lint
from repro.lint.table import CALLABLES, CONDITIONS
from tools.callables import table, written

TABLE = Path(repro.lint.__file__).with_name("scikit_learn.json")
VERSION = json.loads(TABLE.read_text("utf-8"))["version"]


def test_the_table_is_that_of_the_installed_version() -> None:
    """Written again, it has the same bytes; otherwise: python -m tools.callables."""
    if sklearn.__version__ != VERSION:
        pytest.skip(f"the table is of scikit-learn {VERSION}")

    assert written(table()) == TABLE.read_text("utf-8")


@pytest.mark.parametrize(("name", "kind"), all_estimators(), ids=str)
def test_estimators_that_take_a_random_state_are_known(name: str, kind: type) -> None:
    """Of any version: from its own list of parameters."""
    if name not in CALLABLES:
        assert sklearn.__version__ != VERSION
        return

    takes = "random_state" in kind._get_param_names()
    assert ("random_state" in CALLABLES[name].parameters) == takes


def test_conditions_are_of_parameters_that_exist() -> None:
    for name, condition in CONDITIONS.items():
        assert condition.parameter in CALLABLES[name].parameters, name


@pytest.mark.parametrize(
    ("name", "draws"),
    [
        ("RandomForestClassifier", True),
        ("KNeighborsClassifier", False),
        ("train_test_split", True),
        ("cross_val_score", False),
        ("ShuffleSplit", True),
        ("TimeSeriesSplit", False),
    ],
)
def test_well_known_callables_are_as_everybody_knows(name: str, draws: bool) -> None:
    assert CALLABLES[name].draws is draws


def test_the_order_by_position_is_that_of_the_signature() -> None:
    assert CALLABLES["SVC"].parameters == tuple(inspect.signature(SVC).parameters)
