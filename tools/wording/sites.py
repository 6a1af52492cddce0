"""Find every message of the package in its source, by its syntax tree.

A message is what an error or a check is made with. Values that a message takes stand in braces, as
in an f-string; alternatives are separated by `` | ``.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PACKAGE = Path(__file__).resolve().parent.parent.parent / "src" / "repro"
# Errors that a reader of files or a validator raises, and that others turn into a ReproError; and
# errors of the command line.
_INNER = {
    "CellsError", "UnavailableError", "ValueError", "TypeError", "PydanticCustomError",
    "UsageError", "BadParameter",
}  # fmt: skip
# Values with sentences for a person.
_VALUES = {"Check", "Observation", "EntryCheck", "FileCheck", "Suspect", "Comparison"}
# Names that stand for names are followed this far: a loop would have no end.
_DEEPEST = 3


@dataclass(frozen=True)
class Site:
    """One place in the source that makes an error or a check.

    Attributes
    ----------
    path : str
        Below the package, in POSIX form.
    line : int
    kind : str
        The class that is called.
    texts : tuple of str
        The templates, the message first and advice last.
    raises : bool
        True if what is made is a ``ReproError``.
    """

    path: str
    line: int
    kind: str
    texts: tuple[str, ...]
    raises: bool


def errors(trees: Iterable[ast.Module]) -> set[str]:
    """Return the names of ``ReproError`` and everything derived from it."""
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found = {"ReproError"}
    while True:
        derived = {node.name for node in classes if found & set(map(_named, node.bases))}
        if derived <= found:
            return found
        found |= derived


def sites(package: Path = PACKAGE) -> list[Site]:
    """Return the sites of a package, in the order of its files and their lines."""
    trees = {
        path.relative_to(package).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(package.rglob("*.py"))
    }
    family = errors(trees.values())
    return [site for path, tree in trees.items() for site in _of_module(path, tree, family)]


def _of_module(path: str, tree: ast.Module, family: set[str]) -> Iterator[Site]:
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    for node in sorted(_calls(tree), key=lambda node: (node.lineno, node.col_offset)):
        kind = _named(node.func)
        if kind in family | _INNER | _VALUES:
            texts = tuple(_texts(node, _names(node, functions)))
            yield Site(path, node.lineno, kind, texts, kind in family)


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _named(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def _names(call: ast.Call, functions: list[ast.FunctionDef]) -> dict[str, list[ast.expr]]:
    """Return what the innermost function around a call assigns to each name."""
    around = [f for f in functions if f.lineno <= call.lineno <= (f.end_lineno or f.lineno)]
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(max(around, key=lambda f: f.lineno)) if around else ():
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = (
                node.targets if isinstance(node, ast.Assign) else [cast("ast.expr", node.target)]
            )
            for target, value in _pairs(targets, node.value):
                found.setdefault(target, []).append(value)
    return found


def _pairs(targets: list[ast.expr], value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    for target in targets:
        if isinstance(target, ast.Name):
            yield target.id, value
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for name, each in zip(target.elts, value.elts, strict=False):
                yield from _pairs([name], each)


def _texts(call: ast.Call, names: dict[str, list[ast.expr]]) -> Iterator[str]:
    """Return the templates among the arguments of a call."""
    for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
        text = template(argument, names)
        if " " in text.strip() or isinstance(argument, ast.Name | ast.Call):
            yield " ".join(text.split())


def template(node: ast.expr, names: dict[str, list[ast.expr]], depth: int = 0) -> str:
    """Return an expression as the text that it stands for.

    Parameters
    ----------
    node : ast.expr
    names : dict of str to list of ast.expr
        What local names stand for.
    depth : int
        How many names lie between this expression and the call.

    Examples
    --------
    >>> template(ast.parse("'no ' + f'column {name!r}'", mode="eval").body, {})
    'no column {name!r}'
    """
    if isinstance(node, ast.JoinedStr):
        return "".join(template(each, names, depth) for each in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return template(node.left, names, depth) + template(node.right, names, depth)
    if isinstance(node, ast.IfExp):
        return f"{template(node.body, names, depth)} | {template(node.orelse, names, depth)}"
    if isinstance(node, ast.Name) and node.id in names and depth < _DEEPEST:
        return " | ".join(template(each, names, depth + 1) for each in names[node.id])
    return _leaf(node)


def _leaf(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.FormattedValue):
        conversion = f"!{chr(node.conversion)}" if node.conversion > 0 else ""
        return "{" + ast.unparse(node.value) + conversion + "}"
    return "{" + ast.unparse(node) + "}"
