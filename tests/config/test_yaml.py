"""The strict reader of YAML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.config.yaml import Leaf, read_leaves, read_value
from repro.core.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-6", 1e-6),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("-3", -3),
        ("0o17", 15),
        ("0x1F", 31),
        ("012", 12),
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("12:30:45", "12:30:45"),
        ("2020-01-01", "2020-01-01"),
        ("1_000", "1_000"),
        ("true", True),
        ("null", None),
        ("~", None),
        ("", None),
        ('"42"', "42"),
        ("[1, two, 3.0]", [1, "two", 3.0]),
        ("{a: {b: 1}}", {"a": {"b": 1}}),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(text, value):
    """Numbers in any notation are numbers, and nothing else becomes one."""
    read = read_value(text, "here")

    assert (read, type(read)) == (value, type(value))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_float_reads_back_to_the_same_bits(number):
    """A float written by repr is the same float when read."""
    assert read_value(repr(number), "here") == number


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3: duplicate key 'a', first on line 1"),
        ("a:\n  b: 1\n  b: 2\n", "f.yaml:3: duplicate key 'b', first on line 2 at 'a'"),
        ("a: .nan\n", "f.yaml:1: .nan is not a finite number at 'a'"),
        ("a:\n  - 1\n  - -.inf\n", "f.yaml:3: -.inf is not a finite number at 'a.1'"),
        ("a: 1e999\n", "f.yaml:1: 1e999 is not a finite number at 'a'"),
        ("a: &x [1]\nb: *x\n", "f.yaml:1: anchors and aliases are not allowed at 'b'"),
        ("a: !!python/object:os.system x\n", "f.yaml:1: the tag"),
        ("a: !!int x\n", "f.yaml:1: the tag tag:yaml.org,2002:int does not fit 'x' at 'a'"),
        ("a: !!bool maybe\n", "does not fit 'maybe' at 'a'"),
        ("a: !!null x\n", "does not fit 'x' at 'a'"),
        ("a: !!float [1]\n", "the tag tag:yaml.org,2002:float is not allowed at 'a'"),
        ("a: !!set {b}\n", "the tag tag:yaml.org,2002:set is not allowed at 'a'"),
        ("a: !own [1]\n", "the tag !own is not allowed at 'a'"),
        ("a: !!binary aGk=\n", "the tag tag:yaml.org,2002:binary is not allowed at 'a'"),
        ("[a]: 1\n", "f.yaml:1: a key is a list, not text"),
        ("? {a: 1}\n: 1\n", "f.yaml:1: a key is a mapping, not text"),
        ("!!str [a]: 1\n", "f.yaml:1: a key is a list, not text"),
        ("a: " + "9" * 5000 + "\n", "f.yaml:1: the integer is too large at 'a'"),
        ("a: 0x" + "f" * 5000 + "\n", "f.yaml:1: the integer is too large at 'a'"),
        ('a: "\\U00110000"\n', "f.yaml: not valid YAML: chr() arg not in range"),
        ('a: "\\ud800"\n', "f.yaml:1: \\ud800 is half of a character at 'a'"),
        ("a: " + "[" * 3000 + "\n", "f.yaml: nested too deeply"),
        ("a: " + "{a: " * 3000 + "\n", "f.yaml: nested too deeply"),
        ("1: one\n", "f.yaml:1: the key '1' is not text"),
        ("a: [1, 2\n", "f.yaml:2: not valid YAML"),
        ("a: 1\n b: 2\n", "f.yaml:2: not valid YAML"),
        ("\ta: 1\n", "f.yaml:1: not valid YAML"),
        ("- 1\n- 2\n", "f.yaml: expected a mapping of keys to values, found a list"),
        ("a: 1\n---\nb: 2\n", "not valid YAML"),
        ("a: \x00\n", "not valid YAML"),
    ],
)
def test_what_would_be_read_in_silence_is_refused_with_its_place(text, sentence):
    """The error names file, line and key."""
    with pytest.raises(ConfigError) as error:
        read_leaves(text, "f.yaml")

    assert sentence in error.value.message


def test_leaves_know_the_line_that_they_stand_on():
    """Origins are file and line; lists and empty mappings are leaves."""
    leaves = read_leaves("a:\n  b: 1\nc: [1, 2]\nd: {}\n", "f.yaml")

    assert leaves == {
        ("a", "b"): Leaf(1, "f.yaml:2"),
        ("c",): Leaf([1, 2], "f.yaml:3"),
        ("d",): Leaf({}, "f.yaml:4"),
    }
