"""The modules that a training has loaded: own ones, what estimators reach, and packages."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from repro.capture.distributions import Inventory, with_requirements
from repro.capture.modules import is_standard, loaded_modules, modules_of_class, reachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from repro.config.experiment import ExperimentConfig


@dataclass
class Watch:
    """The modules that were loaded before a training, and those its worker processes report.

    Attributes
    ----------
    before : frozenset of str
        Modules that are loaded already: the front door needs them, whatever is trained.
    workers : dict of str to str
        The file of each module of a worker.
    """

    before: frozenset[str] = field(default_factory=lambda: frozenset(sys.modules))
    workers: dict[str, str] = field(default_factory=dict)

    def collect(self, report: Iterable[tuple[str, str]]) -> None:
        """Take in what a worker has loaded."""
        self.workers |= dict(report)


@dataclass(frozen=True)
class Loaded:
    """The modules of a training and of its workers.

    Attributes
    ----------
    inventory : Inventory
    own : dict of str to str
        The file of each module that neither Python nor an installed distribution provides.
    reached : set of str
        The modules of the estimators' classes, and what these have imported.
    used : tuple of str
        The distributions beyond the runtime's that the estimators and the training used.
    """

    inventory: Inventory
    own: dict[str, str]
    reached: set[str]
    used: tuple[str, ...]


def observe_loaded(config: ExperimentConfig, runtime: Iterable[str], watch: Watch) -> Loaded:
    """Look at the modules of this process after a training.

    Parameters
    ----------
    runtime : iterable of str
        The distributions that take part in every training.
    """
    always = {*runtime, "repro"}
    inventory, modules = Inventory(always), watch.workers | loaded_modules()
    apart = {name: file for name, file in modules.items() if not is_standard(name, file)}
    own = {name: file for name, file in apart.items() if not inventory.vouches_for(file)}

    def is_end(name: str) -> bool:
        """Return whether a module is identified without its own hash."""
        if name.partition(".")[0] in {"repro", *sys.stdlib_module_names}:
            return name not in own
        return name in apart and inventory.owner(apart[name]) in always

    starts = {m for path in class_paths(config) for m in modules_of_class(*_parts(path))}
    reached = reachable(starts, is_end, own.__contains__)
    served = _owners(inventory, (apart[name] for name in reached if name in apart))
    # By the end of the training, and not before it: an import in the body of a function.
    new = _owners(inventory, (file for name, file in apart.items() if name not in watch.before))
    used = (with_requirements(served) | new) - always
    return Loaded(inventory, own, reached, tuple(sorted(used)))


def class_paths(config: ExperimentConfig) -> set[str]:
    """Return every import path of a configuration: own metrics, and classes, nested ones too."""
    found = {each.function for each in config.metrics}
    for model in config.models.values():
        found |= {model.estimator, *_nested(model.params)}
    return found


def _nested(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        path = value.get("class")
        if isinstance(path, str) and ":" in path:
            yield path
        for each in value.values():
            yield from _nested(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _nested(each)


def _parts(path: str) -> tuple[str, str]:
    module, _, name = path.partition(":")
    return module, name


def _owners(inventory: Inventory, files: Iterable[str]) -> set[str]:
    return {owner for owner in map(inventory.owner, files) if owner is not None}
