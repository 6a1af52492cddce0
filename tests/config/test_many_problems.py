"""A file with many problems is refused in time that grows with the file, and in lines that end."""

import pytest

from repro.config.project import SourceFile
from repro.config.recorded import parse_config
from repro.config.resolve import read_registry, validate
from repro.config.verification import VerificationSettings
from repro.config.yaml import Leaf
from repro.core.errors import ConfigError, SchemaError


@pytest.mark.parametrize("count", [21, 1_000, 50_000])
def test_the_first_problems_are_shown_and_the_others_counted(count):
    """Each is looked for in the whole tree: of fifty thousand that took an hour."""
    tree = {(f"k{number}",): Leaf(1, f"f:{number}") for number in range(count)}

    with pytest.raises(ConfigError) as caught:
        validate(tree, VerificationSettings)

    *shown, last = caught.value.message.splitlines()
    missing = sum(field.is_required() for field in VerificationSettings.model_fields.values())
    assert len(shown) == 20
    assert last == f"and {count + missing - 20} more problems"


@pytest.mark.parametrize("count", [1, 5, 12])
def test_a_few_problems_are_all_shown(count):
    """As they always were."""
    tree = {(f"k{number}",): Leaf(1, f"f:{number}") for number in range(count)}

    with pytest.raises(ConfigError) as caught:
        validate(tree, VerificationSettings)

    assert all(f"unknown key 'k{number}'" in caught.value.message for number in range(count))
    assert "more problems" not in caught.value.message


@pytest.mark.parametrize("count", [200, 100_001])
def test_a_recorded_configuration_with_many_problems_is_a_few_lines(count):
    """It may come from anybody."""
    with pytest.raises(SchemaError) as caught:
        parse_config({f"k{number}": 1 for number in range(count)}, "config.json")

    assert caught.value.message.startswith("config.json: not a configuration")
    assert len(caught.value.message.splitlines()) < 30


def test_a_registry_of_many_data_sets_is_read():
    """Each entry is taken out once, and not looked for among all the others."""
    entry = {
        ("description",): "", ("source", "kind"): "sklearn", ("source", "name"): "wine",
        ("sha256",): "0" * 64, ("target",): "t", ("positive",): None,
        ("columns", "numeric"): ["*"], ("columns", "categorical"): [], ("columns", "ignored"): [],
        ("missing",): [], ("licence",): "", ("origin",): "",
    }  # fmt: skip
    tree = {
        ("datasets", f"d{number}", *path): Leaf(value, "f:1")
        for number in range(3_000)
        for path, value in entry.items()
    }

    assert list(read_registry(SourceFile("f", "", tree))) == [f"d{n}" for n in range(3_000)]
