"""Roles of columns: every one has exactly one, and what is declared is there."""

from __future__ import annotations

import pytest

from repro.core.errors import DataError
from repro.datasets.roles import assign_new_rows, assign_roles

NAMES = ("id", "age", "city", "bad")


def refusal(bench, names=NAMES, **changes) -> DataError:
    with pytest.raises(DataError) as caught:
        assign_roles("data/people.csv", names, bench.declare(**changes))
    assert all(line.startswith("data/people.csv: ") for line in caught.value.message.splitlines())
    return caught.value


def test_exact_names_win_over_patterns(bench):
    """A pattern can give the rest of the columns a role."""
    roles = assign_roles("t.csv", NAMES, bench.declare(numeric=("*",)))

    assert (roles.numeric, roles.categorical) == (("age",), ("city",))
    assert roles.features == ("age", "city")
    assert roles.position == 2


def test_patterns_never_match_the_target(bench):
    """The target is no feature, whatever the patterns say."""
    roles = assign_roles("t.csv", NAMES, bench.declare(numeric=("*",), categorical=(), ignored=()))

    assert roles.numeric == ("id", "age", "city")


def test_a_name_with_pattern_characters_is_a_name_first(bench):
    """A column called ``x[1]`` can be declared as it is."""
    declared = bench.declare(numeric=("x[1]",), categorical=(), ignored=())
    roles = assign_roles("t.csv", ("x[1]", "bad"), declared)

    assert roles.numeric == ("x[1]",)


def test_patterns_tell_upper_from_lower_case(bench):
    """The same declaration means the same on every operating system."""
    error = refusal(bench, ("AGE", "city", "id", "bad"), numeric=("a*",))

    assert "the pattern 'a*' (numeric) matches no column" in error.message


@pytest.mark.parametrize(
    ("names", "changes", "sentence"),
    [
        (NAMES, {"ignored": ()}, "no role for 1 column: 'id'; list each as numeric"),
        (NAMES, {"numeric": ("agee", "age")}, "no column 'agee' (numeric); did you mean 'age'?"),
        (NAMES, {"numeric": ("age", "x_*")}, "the pattern 'x_*' (numeric) matches no column"),
        (NAMES, {"numeric": ("age", "city")}, "column 'city' has two roles, numeric and"),
        (NAMES, {"numeric": ("a*",), "ignored": ("id", "*e")}, "column 'age' has two roles"),
        (NAMES, {"numeric": ("age", "bad")}, "'bad' is the target and also listed as numeric"),
        (
            NAMES,
            {"numeric": (), "categorical": (), "ignored": ("*",)},
            "no column is numeric or categorical",
        ),
        (("id", "age", "age", "bad"), {}, "2 columns are named 'age'"),
        (("id", "", "city", "bad"), {}, "column 2 has no name"),
        (("id", "age", "city", "Bad"), {}, "no target column 'bad'"),
    ],
)
def test_a_declaration_that_does_not_fit_is_refused(bench, names, changes, sentence):
    """Each problem is a sentence with the file, the column and what was expected."""
    error = refusal(bench, names, **changes)

    assert sentence in error.message
    assert error.advice


def test_a_mistyped_target_gets_a_suggestion(bench):
    """The nearest column is offered."""
    error = refusal(bench, ("id", "age", "city", "badd"))

    assert error.advice == "did you mean 'badd'?"


def test_all_problems_are_listed_at_once(bench):
    """One error shows everything there is to correct."""
    error = refusal(bench, ignored=(), numeric=("agee",))

    assert len(error.message.splitlines()) == 2


def test_many_columns_without_a_role_are_counted(bench):
    """A wide table does not drown the message."""
    error = refusal(bench, (*NAMES, *(f"x{i}" for i in range(20))))

    assert "no role for 20 columns: 'x0', 'x1', 'x2', 'x3', 'x4' and 15 more" in error.message


def test_new_rows_need_neither_target_nor_ignored_columns(bench):
    """What is not a feature may be absent later."""
    roles = assign_new_rows("new.csv", ("age", "city"), bench.declare())

    assert roles.features == ("age", "city")


def test_new_rows_need_every_feature(bench):
    """A feature that is gone is an error, not a drift."""
    with pytest.raises(DataError, match=r"new.csv: no column 'city' \(categorical\)") as caught:
        assign_new_rows("new.csv", ("age", "bad"), bench.declare())

    assert caught.value.advice == "give the file the columns of the run's data set"
