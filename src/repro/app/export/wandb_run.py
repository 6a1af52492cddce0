"""A run in a folder of Weights & Biases, without a network: `wandb sync` sends it later."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repro.core.errors import PreconditionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.app.export.exported import Exported

FILES = "run"
_ID = 16


@dataclass(frozen=True)
class WandbRun:
    """The offline run that a run was exported to.

    Attributes
    ----------
    folder : Path
        What ``wandb sync`` takes.
    made : bool
        False if an earlier export of the same run was found, and nothing was written.
    """

    run_id: str
    folder: Path
    made: bool


def export_wandb(exported: Exported, to: Path, project: str | None, *, again: bool) -> WandbRun:
    """Write a run to ``wandb/offline-run-…`` in a folder, once.

    Parameters
    ----------
    to : Path
    project : str or None
        Of Weights & Biases; the name of the run's experiment by default.
    again : bool
        Write a second run, of a different id, if there is one.

    Raises
    ------
    PreconditionError
        If wandb is not installed, or the folder cannot be written.
    """
    wandb = _package()
    run_id = exported.lineage.digest.rpartition(":")[2][:_ID]
    found = _find(to, run_id)
    if found is not None and not again:
        return WandbRun(run_id, found, made=False)
    if found is not None:
        run_id = f"{run_id}-{sum(1 for _ in to.glob(f'wandb/offline-run-*-{run_id}*')) + 1}"
    try:
        to.mkdir(parents=True, exist_ok=True)
        with _variables():
            _write(wandb, exported, to, project or exported.name, run_id)
    except (OSError, wandb.errors.Error) as error:
        raise PreconditionError(
            f"{to}: the run of Weights & Biases cannot be written: {error}",
            advice="choose a different folder: --to FOLDER",
        ) from error
    folder = _find(to, run_id)
    if folder is None:
        raise PreconditionError(
            f"{to}: Weights & Biases wrote no run to that folder",
            advice="see the messages of wandb, or choose a different folder: --to FOLDER",
        )
    return WandbRun(run_id, folder, made=True)


def _package() -> Any:
    try:
        import wandb  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise PreconditionError(
            "exporting to Weights & Biases needs wandb, which is not installed",
            advice="install the extra: pip install 'repro[wandb]'",
        ) from error
    return wandb


def _find(to: Path, run_id: str) -> Path | None:
    """Return the folder of a run that was finished."""
    folders = sorted(to.glob(f"wandb/offline-run-*-{run_id}"))
    return next(
        (each for each in folders if (each / "files" / FILES / "lineage.json").exists()), None
    )


@contextmanager
def _variables() -> Iterator[None]:
    """Take the user's variables of wandb away, which could send the run somewhere."""
    taken = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("WANDB_")}
    try:
        yield
    finally:
        os.environ.update(taken)


def _write(wandb: Any, exported: Exported, to: Path, project: str, run_id: str) -> None:
    # What wandb finds out of its own about machine, code and packages stays out: the files of the
    # run have what was observed when it was made.
    settings = wandb.Settings(
        silent=True, console="off", disable_git=True, disable_code=True, save_code=False,
        x_disable_stats=True, x_disable_meta=True, x_save_requirements=False, host="",
    )  # fmt: skip
    run = wandb.init(
        mode="offline", dir=str(to), project=project, name=exported.run_id, id=run_id,
        group=exported.name, tags=[exported.environment.environment.level],
        notes=_notes(exported), config=_configuration(exported), settings=settings,
        reinit="create_new",
    )  # fmt: skip
    with run:
        run.log(exported.numbers())
        folder = Path(run.dir, FILES)
        folder.mkdir()
        for name, content in exported.files():
            (folder / name).write_bytes(content)
            run.save(str(folder / name), base_path=run.dir, policy="end")


def _notes(exported: Exported) -> str | None:
    return None if exported.run is None else str(exported.run.config.get("description", ""))


def _configuration(exported: Exported) -> dict[str, Any]:
    """Return the configuration, or the command, and what identifies the run, as nested keys."""
    identity = {name.removeprefix("repro."): value for name, value in exported.tags().items()}
    if exported.run is None:
        return {**exported.parameters(), "repro": identity}
    config = {k: v for k, v in exported.run.config.items() if k != "execution"}
    return {**config, "repro": identity}
