"""The key of an unfinished training: everything that a part of its work depends on."""

from __future__ import annotations

from importlib.metadata import packages_distributions
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from repro import __version__
from repro.config.keys import strict_key
from repro.core.canonical import typed_digest
from repro.core.records import STAGES_VERSION
from repro.execution.code import digest_of_package
from repro.execution.loaded import class_paths
from repro.store.unfinished import Unfinished
from repro.training.declarations import MEANING

if TYPE_CHECKING:
    from pathlib import Path

    from repro.config.experiment import ExperimentConfig
    from repro.core.environment import Environment
    from repro.datasets.table import Table

_OWN = "repro"


def unfinished_of(
    runs: Path, config: ExperimentConfig, table: Table, environment: Environment
) -> Unfinished | None:
    """Return what a training of the same key has left; None where nothing is kept.

    Nothing is kept of a training whose estimators or metrics are not from installed packages: what
    such code reads is known only when it has run.
    """
    if config.searches is None or _other_code(config, environment):
        return None
    parts = {
        "key": strict_key(config, table.content, STAGES_VERSION),
        "stages": dict(MEANING.versions),
        # The order of rows is in no key, and decides which of them are in a fold.
        "table": table.sha256 or table.content,
        # The commit moves without the code that computes.
        "environment": environment.model_dump(
            mode="json", exclude={"git", "dropped", "working_trees"}
        ),
        "program": [__version__, digest_of_package()],
    }
    return Unfinished(runs, typed_digest("unfinished", parts, version=1))


def _other_code(config: ExperimentConfig, environment: Environment) -> bool:
    tops = {path.partition(":")[0].partition(".")[0] for path in class_paths(config)} - {_OWN}
    owners = packages_distributions()
    for top in tops:
        names = {canonicalize_name(name) for name in owners.get(top, ())}
        if not names or names & set(environment.working_trees):
            return True
    return False
