"""SciPy's special functions and a minimiser."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from repro.capture.fingerprint.inputs import uniform
from repro.capture.fingerprint.kernel import Kernel, named

if TYPE_CHECKING:
    from collections.abc import Iterator


def special_kernels() -> Iterator[Kernel]:
    """Return the groups ``scipy.special`` and ``scipy.optimize``."""
    group = "scipy.special"
    unit = uniform(90, 2002) * 0.875
    probability = (unit + 1) / 2
    for name in ("expit", "erf", "ndtr", "gammaln", "digamma"):
        yield Kernel(group, name, named(f"scipy.special:{name}"), (unit * 8 + 0.25,))
    yield Kernel(group, "expit float32", named("scipy.special:expit"), (unit.astype("float32"),))
    yield Kernel(group, "ndtri", named("scipy.special:ndtri"), (probability,))
    yield Kernel(group, "xlogy", named("scipy.special:xlogy"), (unit, probability))
    yield Kernel(group, "betainc", named("scipy.special:betainc"), (2.5, 4.0, probability[:300]))
    table = (unit * 32).reshape(-1, 7)
    yield Kernel(group, "logsumexp", partial(named("scipy.special:logsumexp"), axis=1), (table,))
    yield Kernel("scipy.optimize", "L-BFGS-B", _minimise, (unit[:12],))


def _minimise(start: Any) -> tuple[Any, int]:
    function, slope = named("scipy.optimize:rosen"), named("scipy.optimize:rosen_der")
    minimise = named("scipy.optimize:minimize")
    found = minimise(function, start, method="L-BFGS-B", jac=slope, options={"maxiter": 10})
    return found.x, found.nfev
