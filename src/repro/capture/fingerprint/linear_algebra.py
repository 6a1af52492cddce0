"""Linear algebra. NumPy and SciPy each bring an OpenBLAS of their own, so each is asked."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from repro.capture.fingerprint.inputs import below, seed_of, symmetric, uniform, wide
from repro.capture.fingerprint.kernel import Kernel, named

if TYPE_CHECKING:
    from collections.abc import Iterator

# No multiple of a block's size; 301 is beyond the depth of one block in every kernel of OpenBLAS.
_ROWS, _DEPTH, _COLUMNS = 70, 301, 37
# Above this size, OpenBLAS would share a dot product among threads.
_LONG: Final = 20_011


def linear_algebra_kernels() -> Iterator[Kernel]:
    """Return the groups ``numpy.linalg``, ``scipy.linalg`` and ``scipy.sparse``."""
    yield from _numpy_products()
    yield from _numpy_decompositions()
    yield from _scipy_products()
    yield from _scipy_decompositions()
    yield from _sparse()


def _numpy_products() -> Iterator[Kernel]:
    group = "numpy.linalg"
    vector, long = wide(60, 333), uniform(62, _LONG)
    left, right = uniform(63, _ROWS, _DEPTH), uniform(64, _DEPTH, _COLUMNS)
    yield Kernel(group, "dot", np.dot, (vector, vector[::-1].copy()))
    yield Kernel(group, "dot long", np.dot, (long, long[::-1].copy()))
    yield Kernel(group, "norm", named("numpy.linalg:norm"), (vector,))
    yield Kernel(group, "gemv", np.matmul, (left, uniform(65, _DEPTH)))
    yield Kernel(group, "gemv transposed", np.matmul, (uniform(66, _ROWS), left))
    yield Kernel(group, "gemm small", np.matmul, (left[:5, :7], right[:7, :3]))
    yield Kernel(group, "gemm", np.matmul, (left, right))
    yield Kernel(group, "syrk", lambda x: x @ x.T, (left,))
    yield Kernel(group, "gemm complex", np.matmul, (left + 1j * left[::-1], right * (1 - 2j)))
    left, right = left.astype("float32"), right.astype("float32")
    yield Kernel(group, "gemm float32", np.matmul, (left, right))
    yield Kernel(group, "gemv float32", np.matmul, (left, right[:, 0].copy()))
    yield Kernel(group, "dot float32", np.dot, (left[0], right[:, 0].copy()))


def _numpy_decompositions() -> Iterator[Kernel]:
    group = "numpy.linalg"
    square, tall = symmetric(70, 67), uniform(71, 83, 29)
    target = uniform(72, 83)
    general = uniform(73, 67, 67)
    yield Kernel(group, "solve", named("numpy.linalg:solve"), (general, square))
    yield Kernel(group, "inv", named("numpy.linalg:inv"), (general,))
    yield Kernel(group, "det", named("numpy.linalg:det"), (general[:20, :20],))
    yield Kernel(group, "cholesky", named("numpy.linalg:cholesky"), (square,))
    yield Kernel(
        group, "cholesky float32", named("numpy.linalg:cholesky"), (symmetric(74, 67, "float32"),)
    )
    yield Kernel(group, "qr", lambda x: tuple(np.linalg.qr(x)), (tall,))
    yield Kernel(group, "svd", lambda x: tuple(np.linalg.svd(x, full_matrices=False)), (tall,))
    yield Kernel(group, "eigh", lambda x: tuple(np.linalg.eigh(x)), (square,))
    yield Kernel(group, "eigvals", named("numpy.linalg:eigvals"), (general[:20, :20],))
    yield Kernel(group, "pinv", named("numpy.linalg:pinv"), (tall,))
    yield Kernel(group, "lstsq", lambda x, y: np.linalg.lstsq(x, y)[0], (tall, target))
    # Its numbers come from the stream, its bits from the decomposition of the covariance.
    yield Kernel(group, "multivariate_normal", _multivariate, (seed_of(75), symmetric(76, 9)))


def _multivariate(start: int, covariance: Any) -> Any:
    generator = np.random.Generator(np.random.PCG64(start))
    return generator.multivariate_normal(np.zeros(len(covariance)), covariance, size=20)


def _scipy_products() -> Iterator[Kernel]:
    left, right = uniform(80, _ROWS, _DEPTH), uniform(81, _DEPTH, _COLUMNS)
    vector, long = uniform(82, _DEPTH), uniform(88, _LONG)
    yield _blas("ddot long", long, long[::-1].copy())
    yield _blas("dnrm2", vector)
    for prefix, dtype in (("d", "float64"), ("s", "float32")):
        a, b, x = (each.astype(dtype) for each in (left, right, vector))
        yield _blas(f"{prefix}gemm", 1.0, np.asfortranarray(a), np.asfortranarray(b))
        yield _blas(f"{prefix}gemv", 1.0, np.asfortranarray(a), x)
        yield _blas(f"{prefix}syrk", 1.0, np.asfortranarray(a))
        yield _blas(f"{prefix}dot", x, x[::-1].copy())


def _blas(name: str, *arguments: Any) -> Kernel:
    routine = named(f"scipy.linalg.blas:{name.partition(' ')[0]}")
    return Kernel("scipy.linalg", name, routine, arguments)


def _scipy_decompositions() -> Iterator[Kernel]:
    group = "scipy.linalg"
    square, tall, target = symmetric(83, 67), uniform(84, 83, 29), uniform(85, 83)
    general = uniform(86, 67, 67)
    lower, lstsq = np.tril(square), named("scipy.linalg:lstsq")
    yield Kernel(group, "cholesky", named("scipy.linalg:cholesky"), (square,))
    yield Kernel(group, "cho_solve", named("scipy.linalg:cho_solve"), ((lower, True), target[:67]))
    yield Kernel(
        group,
        "solve positive",
        partial(named("scipy.linalg:solve"), assume_a="pos"),
        (square, general),
    )
    yield Kernel(
        group,
        "solve_triangular",
        partial(named("scipy.linalg:solve_triangular"), lower=True),
        (lower, general),
    )
    yield Kernel(group, "lu", named("scipy.linalg:lu"), (general,))
    yield Kernel(group, "qr", partial(named("scipy.linalg:qr"), mode="economic"), (tall,))
    yield Kernel(group, "svd", partial(named("scipy.linalg:svd"), full_matrices=False), (tall,))
    yield Kernel(group, "eigh", named("scipy.linalg:eigh"), (square,))
    yield Kernel(group, "lstsq", lambda x, y: lstsq(x, y)[0], (tall, target))
    yield Kernel(group, "expm", named("scipy.linalg:expm"), (general[:30, :30],))


def _sparse() -> Iterator[Kernel]:
    dense = wide(87, 90, 61) * (below(4, 89, 90, 61) == 0)
    csr = named("scipy.sparse:csr_matrix")
    yield Kernel("scipy.sparse", "csr by vector", lambda x: csr(x) @ x[7], (dense,))
    yield Kernel("scipy.sparse", "csr by csr", lambda x: (csr(x) @ csr(x).T).toarray(), (dense,))
