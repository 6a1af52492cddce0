"""Numbers of workers that follow the machine or are written in the code (RPR008)."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from repro.lint.literals import is_number, shown
from repro.lint.module import found
from repro.lint.rules import UNPINNED_THREADS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.lint.module import Found, Module

_NAMES = frozenset({"n_jobs", "nthread", "thread_count"})
_ONE = 1


def check(module: Module) -> Iterator[Found]:
    """Yield the numbers of workers in the code that are not one."""
    for each in module.bindings:
        name = each.name.rpartition("__")[2].lower()
        if name in _NAMES and _is_more(each.value):
            yield _found(each.name, each.value)
    for call in module.calls:
        by_position = {"n_jobs": call.arguments.get("n_jobs")} if call.described else {}
        if call.name == "joblib.Parallel" and call.positional:
            by_position = {"n_jobs": call.positional[0]}
        for name, value in by_position.items():
            if value is not None and _is_more(value):
                yield _found(name, value)


def _is_more(node: ast.expr) -> bool:
    return is_number(node) and not (isinstance(node, ast.Constant) and node.value == _ONE)


def _found(name: str, value: ast.expr) -> Found:
    return found(UNPINNED_THREADS, value, f"{name} is {shown(value)}, not 1")
