"""The metrics and parameters of a run of MLflow, by MLflow's own client."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from repro.app.subjects.mlflow_store import EXTRA, VARIABLE, store_of, variables
from repro.app.subjects.reported.documents import made, readable
from repro.core.errors import ConfigError, PreconditionError
from repro.core.redaction import redacted_text
from repro.core.reported import Printed, ReportedMetrics, parse_printed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

SCHEME = "mlflow"
_RUN = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")


def read(
    base: Path,
    text: str,
    parse: Callable[[bytes, str], ReportedMetrics],  # noqa: ARG001 - as every source of reports
) -> ReportedMetrics:
    """Read a run from the store that the environment names, or that is in the project's folder.

    Raises
    ------
    ConfigError
        If it is no identifier of a run.
    PreconditionError
        If MLflow is not installed, or there is no store or no such run.
    """
    shown = f"{SCHEME}:{text}"
    # A store of files makes a path of it.
    if _RUN.fullmatch(text) is None:
        raise ConfigError(
            f"{shown}: '{text}' is no identifier of a run",
            advice="expected mlflow:RUN_ID, such as mlflow:0a1b2c3d4e5f",
        )
    with variables():
        data = _data(text, shown, store_of(base))
    parameters = {readable(name): readable(value) for name, value in data.params.items()}
    return made(_numbers(data.metrics), shown, parameters)


def _numbers(metrics: Mapping[str, float]) -> Iterator[tuple[tuple[str, ...], Printed]]:
    for name, value in metrics.items():
        number = parse_printed(repr(float(value)))
        if number is not None:
            # The store has every bit: nothing was rounded.
            yield (readable(name),), number.exactly()


def _data(run: str, shown: str, store: str) -> Any:
    try:
        from mlflow.tracking import MlflowClient  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise PreconditionError(
            f"{shown}: needs MLflow, which is not installed", advice=f"install the extra: {EXTRA}"
        ) from error
    try:
        return MlflowClient(tracking_uri=store).get_run(run).data
    except Exception as error:
        # Clients of databases and servers raise anything.
        first = redacted_text((str(error) or type(error).__name__).splitlines()[0])
        raise PreconditionError(
            f"{shown}: cannot be read from the MLflow store {redacted_text(store)}: {first}",
            advice=f"check the identifier, and that {VARIABLE} names the store; a database also"
            " needs: pip install sqlalchemy alembic",
        ) from error
