"""The mutation operators: what each changes, and what it leaves alone."""

from __future__ import annotations

import ast
import json

import pytest
import yaml

from tools.mutations.operators import EXTENDED, FOLDS, PIN, PUBLISHED, SEED, SPLIT, mutants_of
from tools.mutations.programs import PROGRAMS, ROOT

CASES = [
    ("random.seed(42)", SEED, PUBLISHED, "random.seed(43)"),
    ("np.random.seed(0)", SEED, PUBLISHED, "np.random.seed(1)"),
    ("numpy.random.seed(9)", SEED, PUBLISHED, "numpy.random.seed(10)"),
    ("torch.manual_seed(1)", SEED, PUBLISHED, "torch.manual_seed(2)"),
    ("fit(random_state=3)", SEED, EXTENDED, "fit(random_state=4)"),
    ("default_rng(1)", SEED, EXTENDED, "default_rng(2)"),
    ("p = {'seed': 5}", SEED, EXTENDED, "p = {'seed': 6}"),
    ("train_test_split(X, stratify=y)", SPLIT, PUBLISHED, "train_test_split(X, stratify=None)"),
    ("ms.KFold(n_splits=5)", FOLDS, PUBLISHED, "ms.KFold(n_splits=6)"),
    ("RepeatedStratifiedKFold(n_splits=2)", FOLDS, PUBLISHED,
     "RepeatedStratifiedKFold(n_splits=3)"),
    ("GridSearchCV(m, g, cv=3)", FOLDS, EXTENDED, "GridSearchCV(m, g, cv=4)"),
    ("é = f('ü', seed=7)", SEED, EXTENDED, "é = f('ü', seed=8)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "operator", "form", "changed"), CASES)
def test_an_operator_changes_one_value(text, operator, form, changed):
    [mutant] = mutants_of("a.py", f"x = 1\n{text}\n")

    assert (mutant.operator, mutant.form, mutant.place) == (operator, form, "a.py:2")
    assert mutant.text == f"x = 1\n{changed}\n"


@pytest.mark.parametrize(
    "text",
    ["seed(1)", "fit(random_state=None)", "fit(random_state=True)", "np.random.seed(n)",
     "train_test_split(X, stratify=None)", "KFold(n_splits=n)", "Other(n_splits=3)"],
)  # fmt: skip
def test_what_is_no_literal_choice_is_left_alone(text):
    assert mutants_of("a.py", text) == []


def test_an_exact_pin_becomes_a_lower_bound():
    mutants = mutants_of("requirements.txt", "a==1.0\nb>=2\nc-d==3.1  # why\n")

    assert [(each.operator, each.place, each.after) for each in mutants] == [
        (PIN, "requirements.txt:1", "a>=1.0"),
        (PIN, "requirements.txt:3", "c-d>=3.1"),
    ]
    assert mutants[1].text == "a==1.0\nb>=2\nc-d>=3.1  # why\n"


def test_a_setting_of_an_experiment_is_changed_and_nothing_else_of_the_file():
    text = (ROOT / "configs" / "base.yaml").read_text(encoding="utf-8")
    before = yaml.safe_load(text)

    for mutant in mutants_of("base.yaml", text):
        after = yaml.safe_load(mutant.text)
        section, _, key = mutant.key.rpartition(".")
        changed = after[section] if section else after
        original = before[section] if section else before
        assert changed.pop(key) != original[key]
        assert after == {k: v for k, v in before.items() if k != key} | (
            {section: {k: v for k, v in original.items() if k != key}} if section else {}
        )
    assert [each.key for each in mutants_of("base.yaml", text)] == [
        "seed", "split.stratify", "selection.folds",
    ]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_every_mutant_has_an_expectation_and_is_valid(program):
    """Each place that an operator changes was read by a person, and no place that is none."""
    texts = {file: (program.folder / file).read_text(encoding="utf-8") for file in program.files}
    mutants = [mutant for file, text in texts.items() for mutant in mutants_of(file, text)]

    assert {mutant.place for mutant in mutants} == set(program.expected)
    for mutant in mutants:
        assert mutant.text != texts[mutant.file]
        if mutant.file.endswith(".py"):
            ast.parse(mutant.text)
        elif mutant.file.endswith(".ipynb"):
            json.loads(mutant.text)
