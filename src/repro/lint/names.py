"""The full names of what a program calls, followed through its imports."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.lint.table import CALLABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Names:
    """The full names of what a module imports.

    Attributes
    ----------
    imported : mapping of str to str
        Full names by the names that the module uses.
    """

    imported: Mapping[str, str]

    @classmethod
    def of(cls, tree: ast.AST) -> Names:
        """Collect the imports of a module.

        A name that is also assigned, or is a parameter, may be anything: it is not followed.
        """
        imported: dict[str, str] = {}
        assigned: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                imported |= dict(_imports(node))
            elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                assigned.add(node.id)
            elif isinstance(node, ast.arg):
                assigned.add(node.arg)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                assigned.add(node.name)
        return cls({name: full for name, full in imported.items() if name not in assigned})

    def full(self, node: ast.expr) -> str:
        """Return the full name of an expression; empty if it cannot be followed.

        Examples
        --------
        >>> tree = ast.parse("import numpy as np; np.random.seed")
        >>> Names.of(tree).full(tree.body[1].value)
        'numpy.random.seed'
        """
        attributes: list[str] = []
        while isinstance(node, ast.Attribute):
            attributes.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.imported:
            return ""
        return ".".join([self.imported[node.id], *reversed(attributes)])


def _imports(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            # Without a name of its own, the package at the top is what is bound.
            name = alias.asname or alias.name.partition(".")[0]
            yield name, alias.name if alias.asname else name
        return
    if node.level or node.module is None:
        return
    for alias in node.names:
        if alias.name != "*":
            yield alias.asname or alias.name, f"{node.module}.{alias.name}"
        elif node.module.partition(".")[0] == "sklearn":
            yield from ((name, f"{node.module}.{name}") for name in CALLABLES)
