"""Changed lines, parameters and seeds of two recorded commands."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from repro.divergence.changed import paired_lines
from repro.divergence.seeds import differing_seeds

LINES = st.lists(st.integers(0, 9).map(str), min_size=1, max_size=30)


@given(LINES, st.data())
def test_one_changed_line_is_the_only_one_named(lines, data):
    place = data.draw(st.integers(0, len(lines) - 1))
    changed = [*lines[:place], "new", *lines[place + 1 :]]

    assert list(paired_lines(" ".join(lines), " ".join(changed))) == [(place + 1, place + 1)]


@given(LINES, st.data())
def test_a_new_line_above_moves_the_number_of_this_run_only(lines, data):
    place = data.draw(st.integers(0, len(lines) - 1))
    changed = ["-", *lines[:place], "new", *lines[place + 1 :]]

    assert list(paired_lines(" ".join(lines), " ".join(changed))) == [(place + 1, place + 2)]


def test_a_line_of_one_side_has_no_number_on_the_other():
    assert list(paired_lines("a b", "a new b")) == [(None, 2)]
    assert list(paired_lines("a old b", "a b")) == [(2, None)]


def test_a_seed_is_matched_by_its_function_and_order():
    before = {"a.py:1 random.seed": "1", "a.py:1 random.seed (2)": "2", "b.py:1 random.seed": "3"}
    after = {"a.py:5 random.seed": "1", "a.py:5 random.seed (2)": "4", "b.py:9 random.seed": "3"}

    assert differing_seeds(before, after) == {"a.py:1 random.seed (2)": ("2", "4")}
    assert differing_seeds(before, {}) == {name: (value, None) for name, value in before.items()}
    assert differing_seeds(None, after) == {}
