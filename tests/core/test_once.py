"""What is kept of pure functions is what they would return."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from repro.core.once import once
from repro.core.records import Keys

PLAIN = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, -0.0, 1.0, 2.0])
JSON = st.recursive(
    PLAIN | st.text(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)


@once
def written(value, other=0):
    """Return a text that differs for every difference that counts."""
    return repr((type(value), json.dumps(value), other))


@once
def told(pair):
    """Return a text of a tuple."""
    return repr(pair)


@given(JSON)
@example(0.0)
@example(-0.0)
@example(1)
@example(1.0)
@example(True)
def test_a_kept_result_is_that_of_the_same_value(value):
    """Whatever was asked before: 1 is no 1.0 and no true, 0.0 no -0.0, and order counts."""
    expected = repr((type(value), json.dumps(value), 0))

    assert written(value) == written(value) == expected
    assert written(value, other=1) == repr((type(value), json.dumps(value), 1))
    assert told((value, 0)) == repr((value, 0))


def test_a_value_that_was_changed_since_is_a_different_one():
    """The text is kept, and not the object."""
    value = {"a": [1]}
    before = written(value)
    value["a"].append(2)

    assert before == written({"a": [1]}) != written(value) == written({"a": [1, 2]})


def test_models_are_equal_by_what_they_hold():
    """Two with the same content are computed once, and others each on their own."""
    asked = []

    @once
    def key(keys):
        """Return a key, and note that it was asked for."""
        asked.append(keys)
        return keys.strict_key

    def made(strict):
        """Return keys of which one is given."""
        return Keys(replicate_key="a", strict_key=strict, environment_key="c")

    assert [key(made(each)) for each in "xyxzyx"] == list("xyxzyx")
    assert [keys.strict_key for keys in asked] == list("xyz")


def test_many_values_push_the_oldest_out():
    """Memory stays bounded, and results stay right."""
    asked = []

    @once
    def double(number):
        """Return twice a number."""
        asked.append(number)
        return 2 * number

    assert [double(number) for number in [*range(100), 0, 99]] == [*range(0, 200, 2), 0, 198]
    assert asked == [*range(100), 0]


def test_an_exception_is_raised_each_time():
    """Nothing is kept of it."""
    asked = []

    @once
    def refuse(value):
        """Refuse whatever is given."""
        asked.append(value)
        raise ValueError(value)

    for _ in range(2):
        with pytest.raises(ValueError, match="x"):
            refuse("x")
    assert asked == ["x", "x"]


def test_what_is_no_json_is_computed_each_time():
    """It has no text to be known by."""
    assert [once(repr)(each) for each in ([{1, 2}], {1, 2})] == [repr([{1, 2}]), repr({1, 2})]
    assert once(dict)(a={1}) == {"a": {1}}


def test_threads_get_the_results_of_their_own_arguments():
    """Whatever the others push out meanwhile."""
    square = once(lambda number: number * number)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(square, [n % 40 for n in range(4000)]))

    assert found == [(n % 40) ** 2 for n in range(4000)]
