"""Every place in a program at which a name gets a value.

The checks of ``repro lint`` and the test that keeps values out of this package's own source look at
the same places, each with its own judgement.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["argument", "default", "assignment", "entry"]


@dataclass(frozen=True)
class Binding:
    """A name and the value that it gets.

    Attributes
    ----------
    name : str
        Of an argument, a parameter, a variable, an attribute, or the key of a dictionary.
    value : ast.expr
    kind : {"argument", "default", "assignment", "entry"}
        A keyword of a call, the default of a parameter, an assignment, or an entry of a dictionary.
    """

    name: str
    value: ast.expr
    kind: Kind


def bindings(tree: ast.AST) -> Iterator[Binding]:
    """Yield the bindings of a module, in no particular order.

    Examples
    --------
    >>> found = bindings(ast.parse("x.seed = fit(C=1, **{'tol': 2})"))
    >>> sorted((each.kind, each.name) for each in found)
    [('argument', 'C'), ('assignment', 'seed'), ('entry', 'tol')]
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from (
                Binding(each.arg, each.value, "argument") for each in node.keywords if each.arg
            )
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _of_defaults(node.args)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            yield from _of_assignment(node)
        elif isinstance(node, ast.Dict):
            yield from entries(node)


def entries(node: ast.Dict) -> Iterator[Binding]:
    """Yield the entries of a dictionary whose keys are in the code."""
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant):
            yield Binding(str(key.value), value, "entry")


def _of_defaults(args: ast.arguments) -> Iterator[Binding]:
    positional = [*args.posonlyargs, *args.args]
    without = len(positional) - len(args.defaults)
    pairs = zip(positional[without:], args.defaults, strict=True)
    only = zip(args.kwonlyargs, args.kw_defaults, strict=True)
    for argument, default in chain(pairs, only):
        if default is not None:
            yield Binding(argument.arg, default, "default")


def _of_assignment(node: ast.Assign | ast.AnnAssign | ast.NamedExpr) -> Iterator[Binding]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        # Several names on the left get the values on the right in their order.
        for single, value in _pairs(target, node.value):
            name = getattr(single, "id", getattr(single, "attr", ""))
            if isinstance(single, ast.Subscript) and isinstance(single.slice, ast.Constant):
                name = str(single.slice.value)
            if name and value is not None:
                yield Binding(name, value, "assignment")


def _pairs(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    several = ast.Tuple | ast.List
    if isinstance(target, several) and isinstance(value, several):
        if len(target.elts) == len(value.elts):
            yield from zip(target.elts, value.elts, strict=True)
        return
    yield target, value
