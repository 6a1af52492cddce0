"""The layout of a table in memory is no part of its content, and changes no bit of a training."""

import numpy as np
import pandas as pd
import pytest
from tests.conftest import ROOT

from repro.app.configuration import resolve_request
from repro.cli.options import make_request
from repro.cli.progress import Quiet
from repro.datasets.loading import load
from repro.training.stages import train

# Sums over the rows of a column-major array are taken in another order than over a row-major one.
LAYOUTS = {
    "row-major": lambda frame, numeric: relaid(frame, numeric, "C"),
    "column-major": lambda frame, numeric: relaid(frame, numeric, "F"),
    "one block a column": lambda frame, numeric: pd.DataFrame(
        {name: frame[name].copy() for name in frame}
    ),
    "a view in reverse": lambda frame, numeric: frame[frame.columns[::-1]][frame.columns],
}


def relaid(frame, numeric, order):
    values = np.array(frame[numeric].to_numpy(), order=order)
    made = pd.DataFrame(values, columns=numeric, index=frame.index, copy=False)
    for name in frame.columns.difference(numeric):
        made[name] = frame[name]
    return made[frame.columns]


@pytest.fixture(scope="module", params=["breast_cancer", "credit"])
def loaded(request):
    made = make_request(experiment=request.param, profile="debug")
    config = resolve_request(ROOT, made).config
    return config, load(ROOT, config.dataset, config.task)


def outputs(config, table, features):
    result = train(config, features, table.target, table.numeric, Quiet())
    return [stage.outputs for stage in result.stages.stages]


@pytest.fixture(scope="module")
def expected(loaded):
    config, table = loaded
    return outputs(config, table, table.features)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_changes_no_stage_output(loaded, expected, layout):
    """Every family's scores, the fitted model and the metrics, by their digests."""
    config, table = loaded
    features = LAYOUTS[layout](table.features, list(table.numeric))

    assert outputs(config, table, features) == expected
