"""Files that a command wrote, taken apart: numbers have a tolerance, all else has none."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.core.record import Series
from repro.execution.recording.contents import content_of
from repro.tracing.chain import Chain

values = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(values, values)
def test_json_is_the_same_exactly_if_its_values_are(tmp_path_factory, first, second):
    folder = tmp_path_factory.mktemp("json")
    found = []
    for name, value in (("a.json", first), ("b.json", second)):
        path = folder / name
        path.write_text(json.dumps(value, indent=2), encoding="utf-8")
        found.append(content_of(path))
    same = json.dumps(first, sort_keys=False) == json.dumps(second, sort_keys=False)
    assert (found[0].whole == found[1].whole) == same
    if same:
        assert found[0] == found[1]


@pytest.mark.parametrize(
    ("name", "first", "second", "whole", "structure"),
    [
        ("a.json", '{"a": 1.0}', '{ "a":1.0 }', True, True),
        ("a.json", '{"a": 1.0}', '{"a": 1.5}', False, True),
        ("a.json", '{"a": 1}', '{"a": 2}', False, False),
        ("a.json", '{"a": "x"}', '{"a": "y"}', False, False),
        ("a.json", '{"a": [1.0]}', '{"a": [1.0, 1.0]}', False, False),
        ("a.csv", "a,b\n1.0,x\n", "a,b\r\n1.0,x\r\n", True, True),
        ("a.csv", "a,b\n1.0,x\n", 'a,b\n1.0,"x"\n', True, True),
        ("a.csv", "a,b\n1.0,x\n", "a,b\n1.1,x\n", False, True),
        ("a.csv", "a,b\n1.0,x\n", "a,b\n1.0,y\n", False, False),
        ("a.csv", "a\n1\n", "a\n2\n", False, False),
        ("a.jsonl", '{"a": 0.5}\n', '{"a": 0.25}\n', False, True),
        ("a.txt", "1.0", "1.1", False, False),
        ("broken.json", "{", "{{", False, False),
    ],
)
def test_what_counts_by_format(tmp_path, name, first, second, whole, structure):
    found = []
    for folder, text in (("1", first), ("2", second)):
        path = tmp_path / folder / name
        path.parent.mkdir()
        path.write_bytes(text.encode())
        found.append(content_of(path))
    assert (found[0].whole == found[1].whole) is whole
    assert (found[0].structure == found[1].structure) is structure


def test_times_and_identifiers_of_a_notebook_do_not_count(tmp_path):
    def notebook(stamp, text):
        outputs = [{"output_type": "stream", "name": "stdout", "text": [text]}]
        metadata = {"execution": {"iopub.execute_input": stamp}}
        cell = {"source": ["1"], "outputs": outputs, "metadata": metadata, "id": stamp}
        return json.dumps({"cells": [cell], "metadata": {}})

    paths = [tmp_path / f"{n}.ipynb" for n in range(3)]
    for path, (stamp, text) in zip(paths, (("1", "a"), ("2", "a"), ("2", "b")), strict=True):
        path.write_text(notebook(stamp, text))
    first, second, third = map(content_of, paths)
    assert first == second
    assert first.structure != third.structure


def test_an_array_counts_by_its_values(tmp_path):
    for name, order in (("a.npy", "C"), ("b.npy", "F")):
        np.save(tmp_path / name, np.arange(6.0).reshape(2, 3).copy(order))
    assert content_of(tmp_path / "a.npy") == content_of(tmp_path / "b.npy")
    np.save(tmp_path / "c.npy", np.array([object()]), allow_pickle=True)
    # What holds pickled objects is not loaded: its bytes count.
    assert content_of(tmp_path / "c.npy").whole.startswith("file/v1:")


def test_a_long_table_gives_an_even_sample_of_its_numbers(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x\n" + "".join(f"{n}.5\n" for n in range(10_000)))
    numbers = content_of(path).numbers
    assert 200 <= len(numbers) <= 256
    assert all(value == int(place[1:].partition("]")[0]) + 0.5 for place, value in numbers.items())


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=70))
def test_a_chain_that_grows_in_a_process_is_that_of_a_series(values):
    """The process has no model of a record: the chain is written there a second time."""
    chain = Chain()
    for value in values:
        chain.add(value)
    whole = Series.of("loss", values)
    assert chain.marks_now() == {"length": whole.length, "marks": whole.marks}
