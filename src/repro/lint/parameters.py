"""Hyper-parameters that are written in the code (RPR002)."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from repro.lint.bindings import entries
from repro.lint.literals import has_numbers, is_text, shown
from repro.lint.module import found
from repro.lint.rules import HARD_CODED_PARAMETER
from repro.lint.seeds import is_seed
from repro.lint.table import CALLABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.lint.bindings import Binding
    from repro.lint.module import Call, Found, Module
    from repro.lint.table import Callable

# Parameters that decide no result, or that a rule of their own is about.
_OTHERS = frozenset({
    "cache_size", "copy", "copy_X", "error_score", "memory", "n_jobs", "nthread",
    "output", "pre_dispatch", "scoring", "silent", "thread_count", "verbose",
    "verbose_feature_names_out", "verbosity", "working_memory",
})  # fmt: skip
# What a function of scikit-learn takes that is a choice; others take data, or describe a made-up
# data set.
_OF_FUNCTIONS = frozenset({"cv", "n_permutations", "n_repeats", "test_size", "train_size"})
_GRIDS = frozenset({"param_distributions", "param_grid"})
_BOOSTERS = frozenset({"catboost", "lightgbm", "xgboost"})
_BOOSTER = re.compile(r"(?:LGBM|XGB|CatBoost)\w*|train|cv")
# Of PyTorch: whatever steps, drops out or batches.
_TORCH = re.compile(r"torch\.optim\.[\w.]+|torch\.nn\.\w*Dropout\w*|torch\.utils\.data\.DataLoader")
_OF_TORCH = frozenset({
    "alpha", "batch_size", "betas", "dampening", "eps", "factor", "gamma", "lr", "max_lr",
    "milestones", "momentum", "p", "patience", "step_size", "T_max", "total_steps", "weight_decay",
})  # fmt: skip
_OF_BOOSTERS = frozenset({
    "bagging_fraction", "colsample_bytree", "depth", "early_stopping_rounds", "eta",
    "feature_fraction", "iterations", "l2_leaf_reg", "lambda_l1", "lambda_l2", "min_child_weight",
    "num_boost_round", "num_leaves", "reg_alpha", "reg_lambda", "subsample",
})  # fmt: skip
_OF_TRAINING = frozenset({"batch_size", "n_epochs", "num_epochs", "weight_decay"})
_DICTIONARY = re.compile(r"(?:\w+_)?(?:params?|parameters|grid|hyper\w*)(?:_\w+)?", re.IGNORECASE)

_ELSEWHERE = _OF_BOOSTERS | _OF_TRAINING | {"test_size", "train_size", "learning_rate"}


def _names(*kinds: str) -> frozenset[str]:
    rows = (row for row in CALLABLES.values() if row.kind in kinds)
    return (frozenset(name for row in rows for name in row.parameters) | _ELSEWHERE) - _OTHERS


KNOWN = _names("model", "transformer", "splitter")
"""Names of hyper-parameters."""
# As the name of a variable, one of a single word may stand for anything, and so may many parameters
# of transformers, such as decode_error.
_DISTINCT = frozenset(name for name in _names("model", "splitter") if "_" in name)


def check(module: Module) -> Iterator[Found]:
    """Yield the hyper-parameters that are numbers, or a model's texts, in the code."""
    for call in module.calls:
        yield from (_found(name, value) for name, value in _of_call(call))
    for each in module.bindings:
        if each.kind in {"default", "assignment"}:
            yield from _of_binding(each)


def _of_binding(each: Binding) -> Iterator[Found]:
    if each.name.lower() in _DISTINCT and _counts(each.name.lower(), each.value):
        yield _found(each.name, each.value)
    elif isinstance(each.value, ast.Dict) and _DICTIONARY.fullmatch(each.name):
        yield from _of_dictionary(each.value)


def _of_dictionary(node: ast.Dict) -> Iterator[Found]:
    for entry in entries(node):
        # A step of a pipeline comes first: model__max_depth.
        name = entry.name.rpartition("__")[2]
        if name in KNOWN and _counts(name, entry.value):
            yield _found(entry.name, entry.value)


def _of_call(call: Call) -> Iterator[tuple[str, ast.expr]]:
    if call.described is not None:
        yield from _of_scikit_learn(call, call.described)
    elif call.name.partition(".")[0] in _BOOSTERS and _BOOSTER.fullmatch(call.last):
        yield from _of_booster(call)
    elif _TORCH.fullmatch(call.name):
        yield from ((n, v) for n, v in call.keywords.items() if n in _OF_TORCH and _counts(n, v))
    elif call.method == "set_params":
        given = ((name, name.rpartition("__")[2], v) for name, v in call.keywords.items())
        yield from ((name, v) for name, last, v in given if last in KNOWN and _counts(last, v))
    for name in sorted(_GRIDS & call.arguments.keys()):
        yield from _entries(call.arguments[name])


def _of_scikit_learn(call: Call, row: Callable) -> Iterator[tuple[str, ast.expr]]:
    known = _OF_FUNCTIONS if row.kind == "function" else frozenset(row.parameters)
    for name, value in call.arguments.items():
        if name in known and _counts(name, value, text=row.kind == "model"):
            yield name, value


def _of_booster(call: Call) -> Iterator[tuple[str, ast.expr]]:
    yield from ((name, v) for name, v in call.keywords.items() if _counts(name, v))
    for value in (*call.positional, *call.keywords.values()):
        yield from _entries(value)


def _entries(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    for entry in entries(node) if isinstance(node, ast.Dict) else ():
        if _counts(entry.name.rpartition("__")[2], entry.value):
            yield entry.name, entry.value


def _counts(name: str, value: ast.expr, *, text: bool = False) -> bool:
    """Return whether a value in the code is that of a hyper-parameter."""
    plain = name.rpartition("__")[2]
    if plain in _OTHERS or is_seed(plain):
        return False
    return has_numbers(value) or (text and is_text(value))


def _found(name: str, value: ast.expr) -> Found:
    return found(
        HARD_CODED_PARAMETER, value, f"the hyper-parameter {name}={shown(value)} is in the code"
    )
