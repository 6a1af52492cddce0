"""The modules that a training has loaded: own ones, what estimators reach, and packages."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from repro.capture.distributions import Inventory, with_requirements
from repro.capture.modules import (
    is_standard,
    loaded_modules,
    modules_of_class,
    reachable,
    report_new,
)
from repro.config.functions import KNOWN, function_path
from repro.config.named_metrics import functions_of
from repro.config.parameters import comes_with_repro
from repro.execution.enforcement import check_worker
from repro.execution.reading import (
    Variables,
    files_read,
    report_reads,
    report_variables,
    variables_read,
    watch_reads,
)
from repro.executors import distributions_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from repro.config.experiment import ExperimentConfig
    from repro.config.preprocessing import Preprocessing
    from repro.core.environment import Environment


Report: TypeAlias = tuple[
    tuple[tuple[str, str], ...],
    tuple[tuple[str, tuple[str, ...]], ...],
    Variables,
]


def begin_worker(level: str, project: Path, allowed: Sequence[str]) -> None:
    """Check a process before its first task, and note what own code reads in it.

    Raises
    ------
    PreconditionError
        As ``check_worker``.
    """
    check_worker(level)
    watch_reads(project, allowed)


def report_worker(token: str) -> Report:
    """Return what this process has loaded since the last report, and what own code has read."""
    return report_new(token), report_reads(), report_variables()


@dataclass
class Watch:
    """The modules that were loaded before a training, and those its worker processes report.

    Attributes
    ----------
    before : frozenset of str
        Modules that are loaded already: the front door needs them, whatever is trained.
    carriers : frozenset of str
        Modules that the executor loaded.
    workers : dict of str to str
        The file of each module of a worker.
    reads : dict of str to tuple of str
        The files that own code of a worker has read, and the files of that code.
    variables : list
        The environment variables that it has read, as ``report_variables`` returns them.
    """

    before: frozenset[str] = field(default_factory=lambda: frozenset(sys.modules))
    carriers: frozenset[str] = frozenset()
    workers: dict[str, str] = field(default_factory=dict)
    reads: dict[str, tuple[str, ...]] = field(default_factory=dict)
    variables: list[Variables] = field(default_factory=list)

    def collect(self, report: Report) -> None:
        """Take in what a worker has loaded and read."""
        modules, reads, variables = report
        self.variables.append(variables)
        self.workers |= dict(modules)
        for file, readers in reads:
            self.reads[file] = (*self.reads.get(file, ()), *readers)


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
    read : tuple of str
        The data files that own code read.
    variables : dict of str to str
        Digest of each environment variable that it read.
    """

    inventory: Inventory
    own: dict[str, str]
    reached: set[str]
    used: tuple[str, ...]
    read: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)


def inventory_of(environment: Environment) -> Inventory:
    """List the installed files; those of packages that take part in every training are believed."""
    return Inventory({*environment.runtime, "repro"})


def observe_loaded(config: ExperimentConfig, inventory: Inventory, watch: Watch) -> Loaded:
    """Look at the modules of this process after a training.

    Parameters
    ----------
    inventory : Inventory
        As ``inventory_of``.
    """
    always, modules = inventory.believed, watch.workers | loaded_modules()
    apart = {name: file for name, file in modules.items() if not is_standard(name, file)}
    own = {
        name: file
        for name, file in apart.items()
        if name not in watch.carriers and not inventory.vouches_for(file)
    }

    def is_end(name: str) -> bool:
        """Return whether a module is identified without its own hash."""
        if comes_with_repro(name):
            # What a family imports is used, though no distribution requires it.
            return False
        if name.partition(".")[0] in {"repro", *sys.stdlib_module_names}:
            return name not in own
        return name in apart and inventory.owner(apart[name]) in always

    starts = {m for path in class_paths(config) for m in modules_of_class(*_parts(path))}
    reached = reachable(starts, is_end, own.__contains__)
    served = _owners(inventory, (apart[name] for name in reached if name in apart))
    # By the end of the training, and not before it: an import in the body of a function.
    new = _owners(inventory, (file for name, file in apart.items() if name not in watch.before))
    # Libraries that carry tasks to workers take no part in the computation.
    carriers = with_requirements(distributions_of(config.execution.executor))
    used = (with_requirements(served) | (new - carriers)) - always
    read = files_read((*report_reads(), *watch.reads.items()), own.values())
    variables = variables_read((report_variables(), *watch.variables), own.values())
    return Loaded(inventory, own, reached, tuple(sorted(used)), read, variables)


def class_paths(config: ExperimentConfig) -> set[str]:
    """Return every import path of a configuration: metrics, classes, functions, nested ones too."""
    found = {each.function for _, each in functions_of(config.metrics)}
    found |= _transformers(config.preprocessing)
    for model in config.models.values():
        space = None if model.search is None else model.search.model_dump(mode="json")
        found |= {model.estimator, *_nested(model.params), *_nested(space)}
        removal = (model.preprocessing or config.preprocessing).remove_rows
        if removal is not None and removal.detector is not None:
            path, params = removal.detector
            found |= {path, *_nested(params)}
        if model.preprocessing is not None:
            found |= _transformers(model.preprocessing)
    return found


def _transformers(preprocessing: Preprocessing) -> set[str]:
    steps = [step for _, step in preprocessing.transforms()]
    return {path for step in steps for path in (step.transformer, *_nested(step.params))}


def _nested(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        path = value.get("class") or function_path(value)
        if isinstance(path, str) and ":" in path and path not in KNOWN:
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
