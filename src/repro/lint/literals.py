"""Values that are written in the code."""

from __future__ import annotations

import ast


def is_number(node: ast.expr | None) -> bool:
    """Return whether a node is a number in the code, or a sum or product of numbers.

    Examples
    --------
    >>> [is_number(ast.parse(text, mode="eval").body) for text in ("-1", "2 * 4", "True", "n")]
    [True, True, False, False]
    """
    if isinstance(node, ast.UnaryOp):
        return is_number(node.operand)
    if isinstance(node, ast.BinOp):
        return is_number(node.left) and is_number(node.right)
    literal = isinstance(node, ast.Constant) and not isinstance(node.value, bool)
    return literal and isinstance(node.value, int | float)  # type: ignore[union-attr]


def is_text(node: ast.expr | None) -> bool:
    """Return whether a node is a text in the code."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def has_numbers(node: ast.expr | None) -> bool:
    """Return whether a node is a number, or a list, tuple or set of numbers alone.

    Examples
    --------
    >>> [has_numbers(ast.parse(text, mode="eval").body) for text in ("(1, 2)", "[]", "[1, n]")]
    [True, False, False]
    """
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return bool(node.elts) and all(map(has_numbers, node.elts))
    return is_number(node)


def is_none(node: ast.expr | None) -> bool:
    """Return whether a node is ``None`` in the code."""
    return isinstance(node, ast.Constant) and node.value is None


def text_of(node: ast.expr | None) -> str:
    """Return the text that a node is; empty for any other node."""
    found = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(node.value) if found else ""  # type: ignore[union-attr]


def shown(node: ast.expr) -> str:
    """Return a value as a message shows it, on one line.

    Examples
    --------
    >>> shown(ast.parse("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]", mode="eval").body)
    '[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1…'
    """
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


_LONG = 38
