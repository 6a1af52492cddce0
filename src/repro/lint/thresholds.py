"""Decision thresholds that are written in the code (RPR003)."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from repro.lint.literals import shown
from repro.lint.module import found
from repro.lint.rules import HARD_CODED_THRESHOLD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.lint.module import Found, Module

_NAME = re.compile(r"(?:\w+_)?(?:thresholds?|thresh|cut_?off)", re.IGNORECASE)
# An expression that names one of these has scores to decide by.
_SCORES = re.compile(
    r"(?:^|_)(?:proba|probas|prob|probs|probability|probabilities|score|scores|confidence"
    r"|confidences|likelihood|pred|preds|predict|prediction|predictions|sigmoid|y_hat)(?:$|_|\d)",
    re.IGNORECASE,
)
_TINY = 1e-3
_ORDERED = (ast.Gt, ast.GtE, ast.Lt, ast.LtE)


def check(module: Module) -> Iterator[Found]:
    """Yield the thresholds that are numbers in the code."""
    # A threshold of an estimator, such as VarianceThreshold, is a hyper-parameter.
    others = {id(value) for call in module.calls if call.described
              for value in call.arguments.values()}  # fmt: skip
    for each in module.bindings:
        if _NAME.fullmatch(each.name) and _is_share(each.value) and id(each.value) not in others:
            yield _found(each.name, each.value)
    asserted = {
        id(node)
        for top in ast.walk(module.tree)
        if isinstance(top, ast.Assert)
        for node in ast.walk(top.test)
    }
    for node in ast.walk(module.tree):
        # A test that a score is high enough decides nothing.
        if isinstance(node, ast.Compare) and id(node) not in asserted:
            yield from _of_comparison(node)


def _of_comparison(node: ast.Compare) -> Iterator[Found]:
    sides = [node.left, *node.comparators]
    for left, operator, right in zip(sides, node.ops, sides[1:], strict=False):
        for value, other in ((left, right), (right, left)):
            if isinstance(operator, _ORDERED) and _is_share(value) and _has_scores(other):
                yield _found(shown(other), value)


def _is_share(node: ast.expr) -> bool:
    """Return whether a node is a number between 0 and 1, as probabilities are.

    What is tiny is a tolerance.
    """
    if not isinstance(node, ast.Constant) or not isinstance(node.value, float):
        return False
    return _TINY <= node.value < 1


def _has_scores(node: ast.expr) -> bool:
    """Return whether an expression has scores: by its own name, or by that of its base."""
    for each in ast.walk(node):
        name = getattr(each, "id", getattr(each, "attr", ""))
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            name = each.value
        if name and _SCORES.search(name):
            return True
    return False


def _found(name: str, value: ast.expr) -> Found:
    return found(
        HARD_CODED_THRESHOLD, value, f"the threshold {shown(value)} of {name} is in the code"
    )
