"""The environment of a training and the files of its modules, observed beside its first steps."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

from repro.capture import capture_environment
from repro.capture.fingerprint import observe_fingerprint
from repro.capture.modules import is_standard, loaded_modules
from repro.execution.loaded import inventory_of
from repro.launch import dropped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from repro.capture.distributions import Inventory
    from repro.core.environment import Environment
    from repro.training.fold import Begin


class Ahead(NamedTuple):
    """The observations of a process.

    Attributes
    ----------
    environment : Environment
        With the numeric fingerprint.
    inventory : Inventory
        It has hashed the files of the modules that were loaded.
    """

    environment: Environment
    inventory: Inventory


def look_ahead(begin: Begin, project: Path, level: str) -> Callable[[], Ahead]:
    """Begin to observe this process as it is now; return what waits for it."""
    look = partial(_look, project, level)
    wait = begin(look)
    if wait is not None:
        return cache(wait)
    found = look()
    return lambda: found


def _look(project: Path, level: str) -> Ahead:
    environment = capture_environment(project, level, dropped())
    environment = environment.model_copy(update={"fingerprint": observe_fingerprint()})
    inventory = inventory_of(environment)
    for name, file in loaded_modules().items():
        if not is_standard(name, file):
            inventory.vouches_for(file)
    return Ahead(environment, inventory)
