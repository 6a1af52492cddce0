"""Train in this process, from a table and a few settings: milliseconds instead of seconds."""

import functools
import json

import numpy as np
import pandas as pd
from tests.conftest import ROOT

from repro.app.configuration import resolve_request
from repro.config.compose import Request
from repro.config.data import Task
from repro.training.parallel import nothing_to_check
from repro.training.stages import train


class Silent:
    """An observer that does nothing."""

    def stage_started(self, name, position, total): ...

    def task_started(self, label, position, total): ...

    def preparing(self, what): ...


@functools.cache
def base():
    return resolve_request(ROOT, Request("wine", "debug")).config


def config(task, positive=None, models=None, **sections):
    """Change the configuration of the wine experiment; a section is given by what differs in it."""
    dataset = base().dataset.model_copy(update={"positive": positive})
    metric = {"metric": "rmse" if task is Task.REGRESSION else "accuracy"}
    sections = {"selection": metric, **sections}
    values = base().model_dump(mode="json", by_alias=True)
    values |= {"task": str(task), "dataset": dataset.model_dump(mode="json", by_alias=True)}
    values["models"] = models or values["models"]
    for name, changes in sections.items():
        whole = name in {"decision", "metrics"} or changes is None
        values[name] = changes if whole else values.get(name, {}) | changes
    return type(base()).model_validate_json(json.dumps(values))


def family(path, **params):
    return {"estimator": path, "variant": None, "params": params}


def run(settings, features, target, numeric=None, ignored=None):
    """Train on a table; without ``numeric``, the columns of floats are."""
    if numeric is None:
        numeric = [name for name in features.columns if features[name].dtype == np.float64]
    silent = Silent()
    return train(settings, features, target, numeric, silent, nothing_to_check, ignored=ignored)


def text(values):
    return pd.array(values, dtype=pd.StringDtype("python", na_value=np.nan))
