"""The store of MLflow, for whoever reads a run from it or writes one to it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from repro.core.errors import PreconditionError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VARIABLE, EXTRA = "MLFLOW_TRACKING_URI", "pip install 'repro[mlflow]'"
_SET = ("MLFLOW_ALLOW_FILE_STORE", "MLFLOW_DISABLE_TELEMETRY")
_QUIET = {
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def store_of(base: Path) -> str:
    """Return the store that the environment names, or that is in a folder.

    Raises
    ------
    PreconditionError
        If there is no store.
    """
    named = os.environ.get(VARIABLE, "")
    if named:
        return named
    # Never by MLflow's own default, which makes a store where it finds no other.
    if (base / "mlflow.db").is_file():
        return f"sqlite:///{(base / 'mlflow.db').resolve()}"
    if (base / "mlruns").is_dir():
        return (base / "mlruns").resolve().as_uri()
    raise PreconditionError(
        f"there is no MLflow store: {base} has neither mlflow.db nor mlruns",
        advice=f"name it: {VARIABLE}=URI",
    )


@contextmanager
def variables(**more: str) -> Iterator[None]:
    """Set variables for MLflow while it works, and restore them.

    It reads and writes a store of files, reports nothing of its use to anybody, prints no progress,
    and gives up soon on a server that does not answer. Variables that the user has set stay.

    Parameters
    ----------
    **more : str
        Other variables that are set, whatever they were.
    """
    values = {**{name: os.environ.get(name, value) for name, value in _QUIET.items()}, **more}
    values |= dict.fromkeys(_SET, "true")
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
