"""The name of an executor: what is accepted, and that it identifies nothing."""

import json
import re

import pytest
from tests.training import in_process

from repro.config.executors import checked_executor
from repro.config.experiment import ExecutionSettings
from repro.config.keys import replicate_key, strict_key

VALID = ("loky", "dask", "ray", "tcp://10.0.0.5:8786", "tcp://[::1]:1", "tcp://node-1.example:80")
INVALID = (
    ("daks", "did you mean 'dask'"),
    ("", "known: "),
    ("tcp://host", "tcp://HOST:PORT"),
    ("tcp://host:65536", "tcp://HOST:PORT"),
    ("tcp://me@host:1", "tcp://HOST:PORT"),
    ("tcp://host:1\n", "tcp://HOST:PORT"),
    ("TCP://host:1", "did you mean 'tcp://HOST:PORT'"),
)


@pytest.mark.parametrize("name", VALID)
def test_a_known_name_is_taken_as_it_is(name):
    settings = ExecutionSettings(workers=1, runs="runs", executor=name)

    assert settings.executor == name


@pytest.mark.parametrize(("name", "advice"), INVALID)
def test_any_other_name_is_refused_with_advice(name, advice):
    with pytest.raises(ValueError, match=re.escape(advice)):
        checked_executor(name)


def test_the_schema_accepts_the_same_names():
    pattern = ExecutionSettings.model_json_schema()["properties"]["executor"]["anyOf"][0]["pattern"]

    assert all(re.search(pattern, name) for name in VALID)
    assert not any(re.fullmatch(pattern, name) for name, _ in INVALID if "65536" not in name)


def test_it_is_in_no_key_and_is_not_written_where_it_is_not_set():
    usual = in_process.base()
    changed = usual.model_copy(
        update={"execution": usual.execution.model_copy(update={"executor": "dask"})}
    )

    assert "executor" not in json.loads(usual.model_dump_json())["execution"]
    for key in (replicate_key, strict_key):
        assert key(usual, "x", "2") == key(changed, "x", "2")
