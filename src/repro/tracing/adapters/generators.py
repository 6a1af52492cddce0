"""Global generators: calls that seed them, and the seeds that a repetition gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from repro.tracing import calls
from repro.tracing.randomness import given_seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from repro.tracing.recorder import Recorder


def python(module: Any, recorder: Recorder) -> None:
    """Watch ``random.seed`` and ``random.setstate``."""
    _watch_seeds(module, ("seed", "setstate"), recorder, "random")


def numpy(module: Any, recorder: Recorder) -> None:
    """Watch ``numpy.random.seed`` and ``numpy.random.set_state``."""
    _watch_seeds(module, ("seed", "set_state"), recorder, "numpy.random")


def torch(module: Any, recorder: Recorder) -> None:
    """Watch ``torch.manual_seed``."""
    _watch_seeds(module, ("manual_seed", "set_rng_state"), recorder, "torch")


def _watch_seeds(module: Any, names: tuple[str, ...], recorder: Recorder, generator: str) -> None:
    seed = given_seed(generator)
    if seed is not None:
        getattr(module, names[0])(seed)
    for name in names:
        recorder.around(module, name, _noting(recorder, generator, name))
    if calls.ACTIVE is not None:
        calls.ACTIVE.generators.take()


def _noting(recorder: Recorder, generator: str, name: str) -> Callable[..., None]:
    def seeded(seed: object = None, *_: object, **__: object) -> None:
        """Note that a generator was seeded, and with what."""
        value = repr(seed) if type(seed) is int else recorder.digest(seed)
        call = f"{generator}.{name}"
        recorder.note("seed", generator=generator, given=seed is not None, call=call, value=value)

    return seeded
