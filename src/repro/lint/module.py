"""One program as the checks look at it: its calls, its bindings, and findings in it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from repro.lint.bindings import bindings
from repro.lint.names import Names
from repro.lint.table import CALLABLES

if TYPE_CHECKING:
    from repro.lint.bindings import Binding
    from repro.lint.rules import Rule
    from repro.lint.table import Callable


@dataclass(frozen=True)
class Found:
    """A finding at a node.

    Attributes
    ----------
    rule : Rule
    node : ast.expr
        Where it is shown.
    reason : str
    scope : ast.expr
        A comment on any of its lines silences the finding.
    """

    rule: Rule
    node: ast.expr
    reason: str
    scope: ast.expr


def found(rule: Rule, node: ast.expr, reason: str, scope: ast.expr | None = None) -> Found:
    """Make a finding, whose scope is its node if nothing else is named."""
    return Found(rule, node, reason, scope or node)


@dataclass(frozen=True)
class Call:
    """A call, or the part of one that ``functools.partial`` makes.

    Attributes
    ----------
    node : ast.Call
    name : str
        The full name of what is called; empty if it cannot be followed.
    method : str
        The last part of the name as it is written.
    positional : tuple of ast.expr
        Up to the first ``*``.
    complete : bool
        Whether all arguments are in the code: no ``*``, no ``**``, and no partial call.
    """

    node: ast.Call
    name: str
    method: str
    positional: tuple[ast.expr, ...]
    complete: bool

    @property
    def last(self) -> str:
        """The last part of the full name."""
        return self.name.rpartition(".")[2]

    @property
    def described(self) -> Callable | None:
        """The row of the table, if it is a callable of scikit-learn."""
        return CALLABLES.get(self.last) if self.name.startswith("sklearn.") else None

    @cached_property
    def keywords(self) -> dict[str, ast.expr]:
        """The arguments that are given by name."""
        return {each.arg: each.value for each in self.node.keywords if each.arg}

    @cached_property
    def arguments(self) -> dict[str, ast.expr]:
        """All arguments by name, those by position too if the order is known."""
        row = self.described
        order = row.parameters if row and not row.variadic else ()
        return {**dict(zip(order, self.positional, strict=False)), **self.keywords}


class Module:
    """A program that was parsed.

    Parameters
    ----------
    tree : ast.Module
    """

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.names = Names.of(tree)

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """Every call."""
        nodes = (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))
        return tuple(map(self._call, nodes))

    @cached_property
    def bindings(self) -> tuple[Binding, ...]:
        """Every place at which a name gets a value."""
        return tuple(bindings(self.tree))

    def _call(self, node: ast.Call) -> Call:
        called, given = node.func, node.args
        partial = self.names.full(called) == "functools.partial" and bool(given)
        if partial:
            called, given = given[0], given[1:]
        starred = [isinstance(each, ast.Starred) for each in given]
        count = starred.index(True) if True in starred else len(given)
        unpacked = any(each.arg is None for each in node.keywords)
        return Call(
            node,
            self.names.full(called),
            called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", ""),
            tuple(given[:count]),
            complete=not (partial or unpacked or True in starred),
        )
