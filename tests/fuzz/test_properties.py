"""The fuzzer finds what it is for: a reader with a fault does not pass."""

import json
import random

import pytest

from repro.core.errors import SchemaError
from tests.conftest import ROOT
from tests.fuzz import campaign, oracle
from tests.fuzz.campaign import Campaign
from tests.fuzz.damage import JSON_TOKENS, damaged
from tests.fuzz.readers import Reader, json_trees
from tests.fuzz.world import FindError, ask

BASE = b'{"a": [1, 2.5, {"b": "text"}], "c": true}'


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(campaign, "FOLDER", tmp_path)


def refusing(content):
    raise SchemaError("always")


def naive(content):
    return str(json.loads(content))[:0]


def fragile(content):
    return "read" if json.loads(content).get("c") is True else "short"[99]


def greedy(content):
    return "a" * (600 << 20) and "much"


@pytest.mark.parametrize(
    ("read", "trees", "examples"),
    [
        (naive, None, 60),
        (naive, json_trees(BASE), 60),
        (fragile, None, 60),
        (fragile, json_trees(BASE), 60),
        (greedy, None, 1),
    ],
)
def test_a_fault_is_found_and_kept(read, trees, examples, tmp_path):
    """A foreign exception, and memory beyond the limit."""
    fuzzed = Campaign(seed=3)

    fuzzed.round([Reader("it", (BASE,), read, trees)], examples, 0)

    assert fuzzed.finds
    assert all((tmp_path / name).is_file() for name in fuzzed.finds.values())


@pytest.mark.parametrize("trees", [None, json_trees(BASE)])
def test_a_refusal_is_no_find(trees):
    """An error of the product's own is an answer."""
    fuzzed = Campaign(seed=3)

    fuzzed.round([Reader("it", (BASE,), refusing, trees)], 60, 0)

    assert fuzzed.finds == {}
    assert fuzzed.outcomes == {"it": {"SchemaError": 60}}


def test_a_seed_gives_the_same_examples_again():
    """So that what was found on one machine is found on another one."""
    one, other = (
        [damaged(BASE, random.Random(f"7 {n}"), (BASE,), JSON_TOKENS) for n in range(200)]
        for _ in range(2)
    )

    assert one == other
    assert len(set(one)) > 100


@pytest.mark.parametrize(
    ("left", "right", "paths"),
    [
        ({"a": 1}, {"a": 2}, ["a"]),
        ({"metrics": {"x": 1.0}}, {"metrics": {"x": 1}}, []),
        ({"config": {"models": {"k": 1.0}}}, {"config": {"models": {"k": 1}}}, ["config.models.k"]),
        ({"models": {"k": 0.0}}, {"models": {"k": -0.0}}, ["models.k"]),
        ({"a": True}, {"a": 1}, ["a"]),
        ({"a": [1, 2]}, {"a": [2, 1]}, ["a.0", "a.1"]),
        ({"a": [{"row": 1}, {"row": 2}]}, {"a": [{"row": 2}, {"row": 1}]}, []),
        ({"a": {}}, {"a": []}, ["a"]),
        ({"a": None, "b": 1}, {"b": 1}, []),
        ({"environment": {"x": 1}}, {"environment": {"x": 2}}, []),
    ],
)  # fmt: skip
def test_differences_are_those_that_identical_may_not_pass_over(left, right, paths):
    """By type where no model declares one, and by row in predictions."""
    assert oracle.unseen(left, right) == paths


@pytest.mark.parametrize("words", [("config", "schema", "\x1b[31m"), ("runs", "show", "a\u202eb")])
def test_what_a_command_prints_is_looked_at(words):
    """It is sanitised, so that nothing is found."""
    status, text = ask(*words)

    assert status in {2, 3}
    assert text.startswith(("error: ", "Usage: "))


def test_a_traceback_is_a_find(monkeypatch):
    """As is a sentence that calls it a defect."""

    def broken(arguments):
        print("error: unexpected KeyError: this is a defect of repro")
        return 3

    monkeypatch.setattr("tests.fuzz.world.run_command", broken)

    with pytest.raises(FindError, match="a defect of repro"):
        ask("verify", ROOT)
