"""Checkpoints of a training: when there are any, and which ones it may continue from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.config.keys import strict_key
from repro.config.parameters import comes_with_repro
from repro.core.canonical import tagged_digest
from repro.core.records import STAGES_VERSION
from repro.execution.code import digest_of_package
from repro.execution.loaded import class_paths
from repro.execution.own_modules import own_code
from repro.store.checkpoints import OpenCheckpoints, open_checkpoints

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from repro.config.experiment import ExperimentConfig
    from repro.core.environment import Environment
    from repro.datasets.table import Table
    from repro.execution.ahead import Ahead
    from repro.training.fold import Observer


@dataclass(frozen=True)
class CheckpointRequest:
    """The place of a training's checkpoints.

    Attributes
    ----------
    runs : Path
        The folder of the runs.
    fresh : bool
        Whether to start from the beginning, whatever checkpoints there are.
    """

    runs: Path
    fresh: bool = False


def begin_checkpoints(
    request: CheckpointRequest | None,
    project: Path,
    config: ExperimentConfig,
    table: Table,
    ahead: Callable[[], Ahead],
    observer: Observer,
) -> OpenCheckpoints | None:
    """Take the folder of a training's checkpoints.

    Returns
    -------
    OpenCheckpoints or None
        None if nobody asked for checkpoints, no model is fitted in steps, or a different process
        is doing the same training.

    Raises
    ------
    PreconditionError
        If the folder cannot be written.
    """
    every = config.execution.checkpoint_every
    if request is None or every is None or not _takes_steps(config):
        return None
    key = training_key(project, config, table, ahead().environment)
    opened = open_checkpoints(request.runs, key, every, fresh=request.fresh)
    if opened is None:
        observer.preparing("no checkpoints: a different process is doing the same training")
        return None
    for sentence in opened.leftover.damaged:
        observer.preparing(f"ignoring a checkpoint: {sentence}")
    if steps := opened.leftover.steps.values():
        fits = "a fit" if len(steps) == 1 else f"{len(steps)} fits"
        observer.preparing(f"resuming {fits} from checkpoints (--fresh starts again)")
    return opened


def _takes_steps(config: ExperimentConfig) -> bool:
    return any(comes_with_repro(path.partition(":")[0]) for path in class_paths(config))


def training_key(
    project: Path, config: ExperimentConfig, table: Table, environment: Environment
) -> str:
    """Digest everything that a training depends on: any difference makes a different key.

    More counts than in the keys of a record, since a checkpoint that is not used costs little, and
    one that is used wrongly would cost the result.
    """
    # The commit moves without the code that computes; the files themselves are hashed below.
    seen = environment.model_dump(mode="json", exclude={"git", "dropped", "working_trees"})
    parts: dict[str, object] = {
        "training": strict_key(config, table.content, STAGES_VERSION),
        "level": config.determinism.level,
        "environment": seen,
        "repro": digest_of_package(),
        "code": own_code(project, config.security.allowed_modules),
    }
    return tagged_digest("checkpoints", parts, version=1)
