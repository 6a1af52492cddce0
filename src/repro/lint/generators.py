"""Random generators and estimators that nothing seeds (RPR004 to RPR007)."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from repro.lint.literals import is_none
from repro.lint.module import found
from repro.lint.rules import (
    UNSEEDED_ESTIMATOR,
    UNSEEDED_GENERATOR,
    UNSEEDED_GLOBAL,
    UNSEEDED_TORCH,
)
from repro.lint.seeds import NUMPY
from repro.lint.table import CONDITIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.lint.module import Call, Found, Module

_STARTED = NUMPY | {"random.Random", "random.seed"}
# The functions that draw from the global generator.
_OF_RANDOM = frozenset({
    "betavariate", "binomialvariate", "choice", "choices", "expovariate", "gammavariate", "gauss",
    "getrandbits", "lognormvariate", "normalvariate", "paretovariate", "randbytes", "randint",
    "random", "randrange", "sample", "shuffle", "triangular", "uniform", "vonmisesvariate",
    "weibullvariate",
})  # fmt: skip
_OF_NUMPY = frozenset({
    "beta", "binomial", "bytes", "chisquare", "choice", "dirichlet", "exponential", "f", "gamma",
    "geometric", "gumbel", "hypergeometric", "laplace", "logistic", "lognormal", "logseries",
    "multinomial", "multivariate_normal", "negative_binomial", "noncentral_chisquare",
    "noncentral_f", "normal", "pareto", "permutation", "poisson", "power", "rand", "randint",
    "randn", "random", "random_integers", "random_sample", "ranf", "rayleigh", "sample", "shuffle",
    "standard_cauchy", "standard_exponential", "standard_gamma", "standard_normal", "standard_t",
    "triangular", "uniform", "vonmises", "wald", "weibull", "zipf",
})  # fmt: skip
# What draws numbers, weights or an order.
_OF_TORCH = re.compile(
    r"torch\.(?:bernoulli|multinomial|normal|poisson|rand|rand_like|randint|randint_like|randn"
    r"|randn_like|randperm)"
    r"|torch\.nn\.(?:Bilinear|Conv\w+|Embedding\w*|GRU\w*|LSTM\w*|Linear|MultiheadAttention|RNN\w*"
    r"|Transformer\w*)"
    r"|torch\.nn\.init\.\w*(?:normal|uniform|orthogonal|sparse)_"
    r"|torch\.utils\.data\.random_split"
)
_LOADER = "torch.utils.data.DataLoader"
_EVERYTHING = re.compile(
    r"repro\.(?:seed_all|ensure_reproducibility)|(?:pytorch_)?lightning\.seed_everything"
    r"|transformers\.set_seed|(?:tensorflow\.)?keras\.utils\.set_random_seed"
)
_SEEDS = {
    "numpy.random.seed": "numpy",
    "numpy.random.set_state": "numpy",
    "random.seed": "random",
    "random.setstate": "random",
    "torch.manual_seed": "torch",
    "torch.random.manual_seed": "torch",
    "torch.set_rng_state": "torch",
}


def check(module: Module) -> Iterator[Found]:
    """Yield what draws and is not seeded."""
    for call in module.calls:
        yield from _of_estimator(call)
        yield from _of_generator(call)
    yield from _of_globals(module)


def _of_estimator(call: Call) -> Iterator[Found]:
    row = call.described
    if row is not None and row.draws:
        given = call.arguments.get("random_state")
        missing = given is None and call.complete
        if (missing or is_none(given)) and _draws(call):
            what = "random_state=None" if given is not None else "no random_state"
            # Other arguments of a long call may carry the comment.
            yield found(
                UNSEEDED_ESTIMATOR, given or call.node.func, f"{call.last} has {what}", call.node
            )
    elif not call.name and call.method == "sample" and "frac" in call.keywords:
        # Of a data frame: nothing else takes a fraction.
        given = call.keywords.get("random_state")
        if (given is None and call.complete) or is_none(given):
            reason = "sample() of a data frame has no random_state"
            yield found(UNSEEDED_ESTIMATOR, call.node.func, reason, call.node)


def _draws(call: Call) -> bool:
    """Return whether the arguments are such that something is drawn, as far as they are known."""
    condition = CONDITIONS.get(call.last)
    if condition is None:
        return True
    value = call.arguments.get(condition.parameter)
    if value is None:
        return condition.default
    if not isinstance(value, ast.Constant):
        return False
    return value.value in condition.values if condition.values else bool(value.value)


def _of_generator(call: Call) -> Iterator[Found]:
    if call.name not in _STARTED or not call.complete:
        return
    given = (*call.positional, *call.keywords.values())
    if not given or (len(given) == 1 and is_none(given[0])):
        yield found(UNSEEDED_GENERATOR, call.node.func, f"{call.name}() has no seed", call.node)


def _of_globals(module: Module) -> Iterator[Found]:
    seeded = {name for call in module.calls for name in _seeded_by(call)}
    draws = [call for call in module.calls if _library(call) not in {"", *seeded}]
    for call in draws:
        if _library(call) != "torch":
            reason = f"{call.name}() draws from the global generator"
            yield found(UNSEEDED_GLOBAL, call.node.func, reason, call.node)
    of_torch = [call for call in draws if _library(call) == "torch"]
    # A network has hundreds of layers: the first one stands for all.
    for call in sorted(of_torch, key=_position)[:1]:
        reason = f"{call.name}() draws from the generator of PyTorch"
        yield found(UNSEEDED_TORCH, call.node.func, reason, call.node)


def _position(call: Call) -> tuple[int, int]:
    return call.node.lineno, call.node.col_offset


def _library(call: Call) -> str:
    """Return the library whose global generator a call draws from; empty if it draws from none."""
    start, _, last = call.name.rpartition(".")
    if start == "numpy.random" and last in _OF_NUMPY:
        return "numpy"
    if start == "random" and last in _OF_RANDOM:
        return "random"
    if is_none(call.keywords.get("generator", ast.Constant(None))):
        shuffled = call.keywords.get("shuffle")
        orders = isinstance(shuffled, ast.Constant) and shuffled.value is True
        if _OF_TORCH.fullmatch(call.name) or (call.name == _LOADER and orders):
            return "torch"
    return ""


def _seeded_by(call: Call) -> tuple[str, ...]:
    """Return the libraries whose global generators a call seeds."""
    # Without an argument, or with None, the system chooses the seed.
    if not (call.positional or call.node.keywords) or is_none((*call.positional, None)[0]):
        return ()
    if call.name in _SEEDS:
        return (_SEEDS[call.name],)
    own = not call.name and call.method in {"set_seeds", "seed_everything", "seed_all"}
    everything = _EVERYTHING.fullmatch(call.name) is not None or own
    return ("numpy", "random", "torch") if everything else ()
