"""The executor of a name, open for as long as a training lasts."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from repro.config.executors import DASK, LOKY, RAY, is_scheduler
from repro.core.errors import PreconditionError
from repro.executors.forks import Forks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from repro.training.parallel import Executor


def is_apart(name: str | None) -> bool:
    """Return whether the workers may be on other machines, where no folder is the same."""
    return name == RAY or is_scheduler(name or LOKY)


def distributions_of(name: str | None) -> frozenset[str]:
    """Return the distributions that an executor imports beside what a training uses."""
    if name in {None, LOKY}:
        return frozenset()
    return frozenset({"ray"} if name == RAY else {"distributed"})


@contextmanager
def opened(
    name: str | None, workers: int, check: Callable[[], None], level: str
) -> Iterator[Executor | None]:
    """Open an executor whose workers are checked; close it, and end what it started.

    Parameters
    ----------
    name : str or None
        None for copies of this process; loky needs none of this.
    workers : int
        Processes to start; those of a scheduler are there already.
    check : callable
        Raises in a process that must not work; it is sent to the workers.
    level : str
        The determinism level, for advice.

    Raises
    ------
    PreconditionError
        If the scheduler cannot be reached, or a worker is refused.
    """
    if name is None and workers > 1:
        check()
        yield Forks(workers)
        return
    if name in {None, LOKY}:
        yield None
        return
    module = import_module(_module_of(str(name)))
    if name == RAY:
        where = module.on_ray(workers)
    else:
        where = module.on_this_machine(workers) if name == DASK else module.on_scheduler(name)
    with where as executor:
        executor.admit(check, level)
        yield executor


def load(name: str | None) -> frozenset[str]:
    """Import the library of an executor, and return the names of the modules that this loaded.

    Raises
    ------
    PreconditionError
        If it is not installed.
    """
    if name in {None, LOKY}:
        return frozenset()
    before = set(sys.modules)
    library, extra = ("ray", "ray") if name == RAY else ("distributed", "dask")
    try:
        import_module(library)
    except ImportError as error:
        raise PreconditionError(
            f"execution.executor: cannot import '{library}': {error}",
            advice=f"install the extra: pip install -e '.[{extra}]', in the project's environment;"
            " or use --set execution.executor=loky",
        ) from error
    import_module(_module_of(str(name)))
    return frozenset(sys.modules.keys() - before)


def _module_of(name: str) -> str:
    return f"repro.executors.{'rays' if name == RAY else 'dasks'}"
