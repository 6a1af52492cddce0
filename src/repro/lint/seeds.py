"""Seeds that are written in the code (RPR001)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from repro.lint.literals import has_numbers, is_number, shown, text_of
from repro.lint.module import found
from repro.lint.rules import HARD_CODED_SEED

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from repro.lint.module import Call, Found, Module

# Callables whose first argument is a seed.
NUMPY = frozenset(
    f"numpy.random.{name}"
    for name in (
        "MT19937", "PCG64", "PCG64DXSM", "Philox", "RandomState", "SFC64", "SeedSequence",
        "default_rng", "seed",
    )
)  # fmt: skip
SEEDING = NUMPY | {
    "jax.random.PRNGKey", "jax.random.key", "keras.utils.set_random_seed",
    "lightning.seed_everything", "pytorch_lightning.seed_everything", "random.Random",
    "random.seed", "repro.derive_seed", "repro.ensure_reproducibility", "repro.seed_all",
    "tensorflow.keras.utils.set_random_seed", "tensorflow.random.set_seed",
    "torch.cuda.manual_seed", "torch.cuda.manual_seed_all", "torch.manual_seed",
    "torch.random.manual_seed", "transformers.set_seed",
}  # fmt: skip
# Methods with such names take a seed, whatever their object is.
METHODS = frozenset({"manual_seed", "manual_seed_all", "seed_everything", "set_seeds"})
_OPTIONS = frozenset({"add_argument", "option", "Option"})
_NAME = re.compile(r"(?:\w+_)?(?:seeds?|random_?state)", re.IGNORECASE)
# Such a name counts seeds.
_COUNT = re.compile(r"(?:n|num|number|max|count)_", re.IGNORECASE)


def is_seed(name: str) -> bool:
    """Return whether a name stands for a seed.

    Examples
    --------
    >>> [is_seed(name) for name in ("random_state", "SEED", "model__random_state", "n_seeds")]
    [True, True, True, False]
    """
    return _NAME.fullmatch(name) is not None and _COUNT.match(name) is None


def check(module: Module) -> Iterator[Found]:
    """Yield the seeds that are numbers in the code."""
    for each in module.bindings:
        if is_seed(each.name) and has_numbers(each.value):
            yield _found(each.value, f"{each.name}={shown(each.value)}")
    for call in module.calls:
        for value, sentence in _given(call):
            if is_number(value):
                yield _found(value, sentence)


def _given(call: Call) -> Iterator[tuple[ast.expr, str]]:
    """Yield the seeds that a call takes by position, or for an option of a command."""
    if call.positional and (call.name in SEEDING or call.method in METHODS):
        value = call.positional[0]
        yield value, f"the seed {shown(value)} of {call.method}()"
    if "random_state" in call.arguments:
        value = call.arguments["random_state"]
        yield value, f"random_state={shown(value)}"
    if call.method in _OPTIONS and "default" in call.keywords:
        value, names = call.keywords["default"], map(text_of, call.positional)
        if any(is_seed(name.lstrip("-").replace("-", "_")) for name in names):
            yield value, f"the default {shown(value)} of an option"


def _found(value: ast.expr, sentence: str) -> Found:
    return found(HARD_CODED_SEED, value, f"{sentence} is in the code")
