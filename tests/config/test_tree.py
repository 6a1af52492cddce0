"""The laws of merging."""

from hypothesis import given
from hypothesis import strategies as st

from repro.config.tree import merge, nested, planted, subtree
from repro.config.yaml import Leaf

keys = st.sampled_from("abc")
values = st.one_of(st.integers(0, 3), st.lists(st.integers(0, 3), max_size=2))
mappings = st.recursive(
    st.dictionaries(keys, values, max_size=3),
    lambda children: st.dictionaries(keys, st.one_of(values, children), max_size=3),
    max_leaves=8,
)


def flat(mapping, path=()):
    leaves = {}
    for key, value in mapping.items():
        if isinstance(value, dict) and value:
            leaves |= flat(value, (*path, key))
        elif value != {}:
            leaves[(*path, key)] = Leaf(value, "here")
    return leaves


def plain_merge(lower, upper):
    """The same by recursion over nested mappings, as an independent statement of the rule."""
    merged = dict(lower)
    for key, value in upper.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = plain_merge(merged[key], value) if both else value
    return merged


def without_empty(mapping):
    cleaned = {k: without_empty(v) if isinstance(v, dict) else v for k, v in mapping.items()}
    return {k: v for k, v in cleaned.items() if v != {}}


@given(mappings, mappings)
def test_merging_trees_is_merging_mappings_key_by_key(lower, upper):
    """Mappings merge, everything else is replaced whole, and later wins."""
    lower, upper = without_empty(lower), without_empty(upper)

    merged = nested(merge(flat(lower), flat(upper)))

    assert merged == plain_merge(lower, upper)


@given(mappings, mappings)
def test_every_leaf_of_the_upper_tree_survives(lower, upper):
    """Later wins, whatever stood there before."""
    lower, upper = flat(lower), flat(upper)

    merged = merge(lower, upper)

    assert {path: merged.get(path) for path in upper} == upper


@given(mappings)
def test_nothing_laid_over_a_tree_changes_nothing(mapping):
    """The empty tree is neutral on both sides."""
    tree = flat(mapping)

    assert merge(tree, {}) == tree == merge({}, tree)


@given(mappings)
def test_a_planted_tree_is_found_again_below_its_path(mapping):
    """Planting and taking a subtree are inverse."""
    tree = flat(mapping)

    assert subtree(planted(tree, ("x", "y")), ("x", "y")) == tree


def test_an_empty_mapping_over_a_full_one_changes_nothing():
    """Saying nothing about a mapping does not empty it."""
    full = {("a", "b"): Leaf(1, "low")}

    assert merge(full, {("a",): Leaf({}, "high")}) == full
