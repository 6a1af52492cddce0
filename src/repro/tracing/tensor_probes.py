"""Small computations of PyTorch, whose digests show by which code it computes.

oneDNN reports neither its limit nor its choice, and ATen and MKL report a name only. So PyTorch is
asked for results, as the numeric fingerprint asks NumPy and scikit-learn. The probes stand in this
package because a recorded process runs them, with whatever interpreter it has; they have a scheme
of their own, so that an environment without PyTorch keeps its fingerprint.

Inputs are made of integers by operations that are exact, and no generator of the program is used.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# That of ``repro.core.environment``, which not every recorded interpreter can import.
SCHEME = "tensor-fingerprint/v1"
# Knuth's multiplier; sixteen bits of the product, so that a float32 holds them exactly.
_MULTIPLIER, _SKIPPED, _KEPT = 2654435761, 1 << 12, 1 << 16
_SEED_OF_PROBES = 20261
_ELEMENTWISE = ("exp", "log1p", "tanh", "sigmoid", "erf", "sin", "rsqrt")
_REDUCTIONS = ("sum", "mean", "var", "prod")


def tensor_results() -> dict[str, str]:
    """Return the digest of each group of probes; nothing if PyTorch is not loaded.

    One thread computes, whatever the program uses: groups show code paths, not threads. A
    group that raises gives the digest of the exception's type.
    """
    torch: Any = sys.modules.get("torch")
    # Loaded in part, or not at all.
    if not hasattr(torch, "get_num_threads"):
        return {}
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        with torch.no_grad():
            return {name: _digest(torch, probe) for name, probe in _PROBES.items()}
    finally:
        torch.set_num_threads(threads)


def _digest(torch: Any, probe: Callable[[Any], Iterator[Any]]) -> str:
    from repro.core.canonical import tagged_digest
    from repro.digest.tensors import digest_tensor

    try:
        results = [digest_tensor(each) for each in probe(torch)]
    except Exception as error:  # whatever it is, it is this environment's answer
        return tagged_digest("tensor-probes", {"raised": type(error).__name__}, version=1)
    return tagged_digest("tensor-probes", {"results": results}, version=1)


def _inputs(torch: Any, stream: int, *shape: int, dtype: str = "float32") -> Any:
    """Return numbers from -1 to below 1; each stream gives others."""
    count = 1
    for size in shape:
        count *= size
    whole = torch.arange(1, count + 1, dtype=torch.int64, device="cpu") + (stream << 16)
    kept = (whole * _MULTIPLIER) // _SKIPPED % _KEPT - _KEPT // 2
    return (kept.to(getattr(torch, dtype)) / (_KEPT // 2)).reshape(shape)


def _products(torch: Any) -> Iterator[Any]:
    for dtype in ("float32", "float64"):
        left = _inputs(torch, 1, 131, 300, dtype=dtype)
        right = _inputs(torch, 2, 300, 67, dtype=dtype)
        yield left @ right
        yield left @ right[:, 0]
        yield torch.addmm(right[0], left[:7], right)
    yield torch.bmm(_inputs(torch, 3, 5, 33, 65), _inputs(torch, 4, 5, 65, 17))


def _convolutions(torch: Any) -> Iterator[Any]:
    images, filters = _inputs(torch, 5, 3, 5, 19, 23), _inputs(torch, 6, 7, 5, 3, 3)
    out = torch.nn.functional.conv2d(images, filters, padding=1)
    yield out
    yield torch.nn.functional.conv1d(images[:, :, 0], filters[:, :, 0], stride=2)
    # Without the engine of autograd, which a forked process may not use.
    yield torch.nn.grad.conv2d_weight(images, filters.shape, out, padding=1)


def _recurrent(torch: Any) -> Iterator[Any]:
    units, columns = 16, 9
    weights = [
        _inputs(torch, 7, 4 * units, columns),
        _inputs(torch, 8, 4 * units, units),
        _inputs(torch, 9, 4 * units),
        _inputs(torch, 10, 4 * units),
    ]
    start = (_inputs(torch, 11, 1, 3, units), _inputs(torch, 12, 1, 3, units))
    rows = _inputs(torch, 13, 5, 3, columns)
    # With biases; one layer; no dropout; not for training; one direction; time comes first.
    settings = (True, 1, 0.0, False, False, False)
    yield from torch.lstm(rows, start, weights, *settings)


def _attention(torch: Any) -> Iterator[Any]:
    query, key, value = (_inputs(torch, stream, 2, 4, 37, 16) for stream in (14, 15, 16))
    attend = torch.nn.functional.scaled_dot_product_attention
    yield attend(query, key, value)
    yield attend(query, key, value, is_causal=True)
    yield torch.nn.functional.layer_norm(query, (16,))


def _draws(torch: Any) -> Iterator[Any]:
    floats = {"dtype": torch.float32}
    for name, size, kind in (
        ("randn", 1031, floats),
        ("rand", 1031, floats),
        ("randperm", 257, {}),
    ):
        generator = torch.Generator(device="cpu").manual_seed(_SEED_OF_PROBES)
        yield getattr(torch, name)(size, generator=generator, device="cpu", **kind)


def _reductions(torch: Any) -> Iterator[Any]:
    for dtype in ("float32", "float64"):
        table = _inputs(torch, 17, 131, 67, dtype=dtype)
        for name in _REDUCTIONS:
            yield getattr(torch, name)(1 + table / 64, dim=0)
            yield getattr(torch, name)(1 + table / 64, dim=1)
        yield table.sum()
        yield torch.logsumexp(table, dim=1)
        yield torch.softmax(table, dim=0)
        yield torch.cumsum(table, dim=0)


def _elementwise(torch: Any) -> Iterator[Any]:
    for dtype in ("float32", "float64"):
        numbers = _inputs(torch, 18, 2003, dtype=dtype)
        for name in _ELEMENTWISE:
            yield getattr(torch, name)(numbers.abs() + 0.25)
        yield torch.pow(numbers.abs() + 0.25, numbers)
        yield torch.nn.functional.gelu(numbers * 4)


_PROBES: dict[str, Callable[[Any], Iterator[Any]]] = {
    "gemm": _products,
    "convolution": _convolutions,
    "lstm": _recurrent,
    "attention": _attention,
    "random": _draws,
    "reductions": _reductions,
    "elementwise": _elementwise,
}
