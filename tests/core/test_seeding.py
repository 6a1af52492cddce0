"""Seeds by name."""

from hypothesis import given
from hypothesis import strategies as st

from repro.seeding import SeedScheme, derive, plan

GOLDEN = [4077743742, 370133624, 3450380141]

bases = st.integers(0, 2**32 - 1)
parts = st.one_of(st.text(max_size=5), st.integers(-5, 100))
paths = st.lists(parts, min_size=1, max_size=4).map(tuple)


@given(bases, paths, paths)
def test_two_names_have_two_seeds(base, one, other):
    """However the same characters are cut into parts."""
    different = [type(p) for p in one] != [type(p) for p in other] or one != other

    assert (derive(base, *one) != derive(base, *other)) == different


@given(bases, paths)
def test_a_seed_is_one_that_numpy_accepts(base, path):
    """In [0, 2**32)."""
    assert 0 <= derive(base, *path) < 2**32


def test_derived_seeds_never_change():
    """The encoding is a contract: recorded seeds must be derived again for ever."""
    found = [derive(42, "split", "rows"), derive(42, "cv", "knn", 3), derive(0, "a")]

    assert found == GOLDEN


def test_a_new_component_shifts_no_other_seed():
    """By name, never by position."""
    few = plan(42, SeedScheme.DERIVED, [("fit", "knn"), ("fit", "svm")])
    more = plan(42, SeedScheme.DERIVED, [("fit", "ridge"), ("fit", "knn"), ("fit", "svm")])

    assert {name: more[name] for name in few} == few


def test_the_constant_scheme_gives_every_component_the_base_seed():
    """As many existing projects do, so that their results can be matched."""
    assert plan(7, SeedScheme.CONSTANT, [("a",), ("b", 1)]) == {"a": 7, "b/1": 7}
