"""Lines of source code that depend on chance: unseeded generators, the clock, the order of sets.

The user's own source files are parsed, not executed. A line that is found may never have run, so it
is only a suspect if a later step differs, and never decides a verdict.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PYTHON = "random."
"""Prefix of calls that draw from Python's global generator; not suspects if it is seeded."""

_UNSEEDED = frozenset({"default_rng", "RandomState", "Random", "SeedSequence", "Generator"})
_DRAWS = frozenset({"uuid1", "uuid4", "urandom", "token_hex", "token_bytes", "randbits"})
_SHARED = frozenset({"random", "shuffle", "sample", "choice", "choices", "randint", "randrange",
                     "uniform", "gauss"})  # fmt: skip
_CLOCK = frozenset({("time", "time"), ("time", "time_ns"), ("datetime", "now"),
                    ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"),
                    ("Timestamp", "now"), ("Timestamp", "today")})  # fmt: skip
_OF_SETS = (ast.Sub, ast.BitOr, ast.BitAnd, ast.BitXor)
_ORDERED = frozenset({"list", "tuple", "enumerate", "array", "DataFrame", "Series"})


@dataclass(frozen=True)
class Chance:
    """A line that depends on chance.

    Attributes
    ----------
    site : str
        ``file:line``.
    kind : str
        ``entropy``, ``clock`` or ``order``.
    what : str
        The call, as messages show it.
    """

    site: str
    kind: str
    what: str


def chances(path: Path, name: str) -> list[Chance]:
    """Return every such line of a source file; an empty list if it cannot be parsed.

    Parameters
    ----------
    name : str
        Name of the file in the record.
    """
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return []
    return [Chance(f"{name}:{line}", kind, what) for line, kind, what in _found(tree)]


def _found(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            owner, called = _names(node.func)
            unseeded = (not node.args and not node.keywords) or _is_none(node)
            if called in _DRAWS or (called in _UNSEEDED and unseeded):
                yield node.lineno, "entropy", f"{called}()"
            elif called in _SHARED and _is_python_generator(node.func):
                yield node.lineno, "entropy", f"{PYTHON}{called}()"
            elif (owner, called) in _CLOCK:
                yield node.lineno, "clock", f"{owner}.{called}()"
            elif called in _ORDERED and node.args and _is_set(node.args[0]):
                yield node.lineno, "order", f"{called}(set(…))"
        elif isinstance(node, (ast.For, ast.comprehension)) and _is_set(node.iter):
            yield node.iter.lineno, "order", "for … in set(…)"


def _is_python_generator(function: ast.expr) -> bool:
    owner = getattr(function, "value", None)
    return isinstance(owner, ast.Name) and owner.id == "random"


def _names(function: ast.expr) -> tuple[str, str]:
    if isinstance(function, ast.Attribute):
        owner = function.value
        name = getattr(owner, "attr", getattr(owner, "id", ""))
        return name, function.attr
    return "", function.id if isinstance(function, ast.Name) else ""


def _is_none(call: ast.Call) -> bool:
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    return len(values) == 1 and isinstance(values[0], ast.Constant) and values[0].value is None


def _is_set(node: ast.expr) -> bool:
    if isinstance(node, (ast.Set, ast.SetComp)):
        return True
    if isinstance(node, ast.BinOp) and isinstance(node.op, _OF_SETS):
        return _is_set(node.left) or _is_set(node.right)
    return isinstance(node, ast.Call) and _names(node.func)[1] in {"set", "frozenset"}
