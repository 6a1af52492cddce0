"""The finished work of a search: when it is kept, and of which training it may be taken."""

from __future__ import annotations

from importlib.metadata import packages_distributions
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from repro.config.parameters import comes_with_repro
from repro.core.canonical import typed_digest
from repro.execution.checkpoints import training_key
from repro.execution.loaded import class_paths
from repro.store.unfinished import Unfinished

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from repro.config.experiment import ExperimentConfig
    from repro.core.environment import Environment
    from repro.datasets.table import Table
    from repro.execution.ahead import Ahead
    from repro.execution.checkpoints import CheckpointRequest
    from repro.training.fold import Observer


def begin_search(
    request: CheckpointRequest | None,
    project: Path,
    config: ExperimentConfig,
    table: Table,
    ahead: Callable[[], Ahead],
    observer: Observer,
) -> Unfinished | None:
    """Return where finished fits of a search are kept.

    Returns
    -------
    Unfinished or None
        None if nobody asked for it, nothing is searched, or estimators or metrics are not from
        installed packages: the files that such code reads are known only once it has run.
    """
    if request is None or config.searches is None:
        return None
    environment = ahead().environment
    if _has_other_code(config, environment):
        return None
    # The order of rows is in no key, and decides which of them are in a fold.
    parts = {
        "training": training_key(project, config, table, environment),
        "table": table.sha256,
    }
    unfinished = Unfinished(request.runs, typed_digest("unfinished", parts, version=1))
    if request.fresh:
        unfinished.clear()
    elif count := unfinished.count:
        fits = "a fit" if count == 1 else f"{count} fits"
        observer.preparing(f"resuming a search after {fits} (--fresh starts again)")
    return unfinished


def _has_other_code(config: ExperimentConfig, environment: Environment) -> bool:
    modules = {path.partition(":")[0] for path in class_paths(config)}
    owners = packages_distributions()
    for top in {each.partition(".")[0] for each in modules if not comes_with_repro(each)}:
        names = {canonicalize_name(name) for name in owners.get(top, ())}
        if not names or names & set(environment.working_trees):
            return True
    return False
