"""The four mutation operators of MLReproMutate, written anew, and the places that each can change.

The operators are those of https://github.com/ilyuka/MLReproMutate (arXiv:2608.27100): a random seed
or a number of folds becomes one greater, a stratified split loses its stratification, and an exact
pin becomes a lower bound. A mutant is *published* if that project changes the same place, and
*extended* if the same choice is written in a different form, such as ``random_state=3``.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED, SPLIT, FOLDS, PIN = "random-seed", "data-split", "cv-fold-count", "dependency-pin"
PUBLISHED, EXTENDED = "published", "extended"

_SEEDING = frozenset({"random.seed", "np.random.seed", "numpy.random.seed", "torch.manual_seed"})
_SEED_KEYS = frozenset({"random_state", "random_seed", "seed"})
_SPLITTERS = frozenset({"KFold", "StratifiedKFold", "RepeatedKFold", "RepeatedStratifiedKFold"})
_EXACT_PIN = re.compile(r"^\s*([\w.-]+)==([\w.]+)", re.MULTILINE)
_FEWEST_FOLDS = 2
# The settings of an experiment that are the same choices.
_SETTINGS = {("seed",): SEED, ("selection", "folds"): FOLDS, ("split", "stratify"): SPLIT}


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Attributes
    ----------
    operator : str
    form : str
        ``published`` or ``extended``.
    file : str
    line : int
        Of the changed value; in a notebook the number of the cell.
    key : str
        Name of the changed setting, parameter or package; empty for an argument without a name.
    before, after : str
        The changed value.
    text : str
        The whole file after the change.
    """

    operator: str
    form: str
    file: str
    line: int
    key: str
    before: str
    after: str
    text: str

    @property
    def place(self) -> str:
        """Where the change is, as ``file:line``."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class _Site:
    """A value in Python code that an operator changes."""

    operator: str
    form: str
    node: ast.expr
    key: str
    after: str


def mutants_of(file: str, text: str) -> list[Mutant]:
    """Return every mutant of a file: Python, a notebook, pinned requirements or a configuration."""
    if file.endswith(".py"):
        return list(_of_python(file, text))
    if file.endswith(".ipynb"):
        return list(_of_notebook(file, text))
    if file.endswith(".yaml"):
        return list(_of_configuration(file, text))
    return list(_of_requirements(file, text)) if file.endswith(".txt") else []


def _of_python(file: str, text: str) -> Iterator[Mutant]:
    for site in _sites(ast.parse(text)):
        before = ast.get_source_segment(text, site.node) or ""
        changed = _replaced(text, site.node, site.after)
        line = site.node.lineno
        yield Mutant(site.operator, site.form, file, line, site.key, before, site.after, changed)


def _of_notebook(file: str, text: str) -> Iterator[Mutant]:
    cells = json.loads(text)["cells"]
    code = [number for number, cell in enumerate(cells) if cell["cell_type"] == "code"]
    for position in code:
        for mutant in _of_python(file, "".join(cells[position]["source"])):
            notebook = json.loads(text)
            notebook["cells"][position]["source"] = mutant.text.splitlines(keepends=True)
            whole = json.dumps(notebook, indent=1) + "\n"
            changed = (mutant.key, mutant.before, mutant.after, whole)
            yield Mutant(mutant.operator, mutant.form, file, position + 1, *changed)


def _sites(tree: ast.AST) -> Iterator[_Site]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    found = [site for call in calls for site in _of_call(call)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                name = key.value if isinstance(key, ast.Constant) else None
                if name in _SEED_KEYS and _number(value) is not None:
                    found.append(_increased(SEED, EXTENDED, value, str(name)))
    yield from sorted(found, key=lambda site: (site.node.lineno, site.node.col_offset))


def _of_call(call: ast.Call) -> Iterator[_Site]:
    name = ast.unparse(call.func)
    last = name.rpartition(".")[2]
    if call.args and _number(call.args[0]) is not None:
        if name in _SEEDING:
            yield _increased(SEED, PUBLISHED, call.args[0], "")
        elif last == "default_rng":
            yield _increased(SEED, EXTENDED, call.args[0], "")
    for keyword in call.keywords:
        key, value = keyword.arg or "", keyword.value
        number = _number(value)
        if key in _SEED_KEYS and number is not None:
            yield _increased(SEED, EXTENDED, value, key)
        elif number is not None and number >= _FEWEST_FOLDS and key in {"n_splits", "cv"}:
            if key == "cv" or last in _SPLITTERS:
                yield _increased(FOLDS, EXTENDED if key == "cv" else PUBLISHED, value, key)
        elif (last, key) == ("train_test_split", "stratify") and ast.unparse(value) != "None":
            yield _Site(SPLIT, PUBLISHED, value, key, "None")


def _number(node: ast.expr) -> int | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _increased(operator: str, form: str, node: ast.expr, key: str) -> _Site:
    return _Site(operator, form, node, key, str((_number(node) or 0) + 1))


def _replaced(text: str, node: ast.expr, after: str) -> str:
    lines = text.encode().splitlines(keepends=True)
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    # Columns of the syntax tree count bytes.
    start, end = lines[first][: node.col_offset], lines[last][node.end_col_offset :]
    lines[first : last + 1] = [start + after.encode() + end]
    return b"".join(lines).decode()


def _of_requirements(file: str, text: str) -> Iterator[Mutant]:
    for match in _EXACT_PIN.finditer(text):
        name, version = match.groups()
        after = f"{name}>={version}"
        line = text.count("\n", 0, match.start(1)) + 1
        changed = text[: match.start(1)] + after + text[match.end(2) :]
        yield Mutant(PIN, PUBLISHED, file, line, name, f"{name}=={version}", after, changed)


def _of_configuration(file: str, text: str) -> Iterator[Mutant]:
    for path, node in _scalars(yaml.compose(text), ()):
        operator, before = _SETTINGS.get(path), node.value
        after = "false" if operator == SPLIT else str(int(before) + 1) if before.isdigit() else ""
        if operator is None or not after or (operator == SPLIT and before != "true"):
            continue
        start, end = node.start_mark, node.end_mark
        changed = text[: start.index] + after + text[end.index :]
        line = start.line + 1
        yield Mutant(operator, EXTENDED, file, line, ".".join(path), before, after, changed)


def _scalars(
    node: yaml.Node | None, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], yaml.ScalarNode]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _scalars(value, (*path, key.value))
    elif isinstance(node, yaml.ScalarNode):
        yield path, node
