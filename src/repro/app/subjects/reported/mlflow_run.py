"""The metrics, parameters and artefacts of a run of MLflow, by MLflow's own client."""

from __future__ import annotations

import re
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from repro.app.subjects.mlflow_store import EXTRA, VARIABLE, store_of, variables
from repro.app.subjects.reported.documents import LARGEST, made, readable
from repro.core.errors import ConfigError, PreconditionError
from repro.core.redaction import redacted_text
from repro.core.reported import Printed, ReportedMetrics, parse_printed
from repro.core.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SCHEME = "mlflow"
_RUN = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")
_FORM = "expected mlflow:RUN_ID or mlflow:RUN_ID:path, such as mlflow:0a1b2c3d4e5f:metrics.json"


def read(base: Path, text: str, parse: Callable[[bytes, str], ReportedMetrics]) -> ReportedMetrics:
    """Read a run, or a file among its artefacts, from the store of the environment or the project.

    Parameters
    ----------
    text : str
        ``RUN_ID`` for the metrics that were logged, or ``RUN_ID:path`` for those in an artefact.

    Raises
    ------
    ConfigError
        If it is no identifier of a run, or the path leads out of its artefacts.
    PreconditionError
        If MLflow is not installed, or there is no store, no such run or no such file.
    SchemaError
        If an artefact holds no metrics.
    """
    run, colon, path = text.partition(":")
    shown = f"{SCHEME}:{text}"
    # A store of files makes a path of it.
    if _RUN.fullmatch(run) is None:
        raise ConfigError(f"{shown}: '{run}' is no identifier of a run", advice=_FORM)
    if colon:
        _check_path(path, shown)
    store = store_of(base)
    with variables():
        client = _client(shown, store)
        with _asked(shown, store):
            data = client.get_run(run).data
        content = _artefact(client, run, path, shown, store) if colon else b""
    parameters = {readable(name): readable(value) for name, value in data.params.items()}
    if not colon:
        return made(_numbers(data.metrics), shown, parameters)
    found = parse(content, PurePosixPath(path).name)
    return replace(found, name=shown, parameters=parameters | dict(found.parameters))


def _check_path(path: str, shown: str) -> None:
    if not path:
        raise ConfigError(f"{shown}: the path is missing", advice=_FORM)
    if path.startswith("/") or re.search(r"[\\\0:%#?]", path) or ".." in PurePosixPath(path).parts:
        raise ConfigError(
            f"{shown}: the path leads out of the run's artefacts",
            advice="name it as MLflow lists it, such as reports/metrics.json",
        )


def _artefact(client: Any, run: str, path: str, shown: str, store: str) -> bytes:
    """Return the bytes of an artefact, which is a file of a limited size."""
    place = PurePosixPath(path)
    parent = "" if place.parent == PurePosixPath() else str(place.parent)
    with _asked(shown, store):
        files = {each.path: each for each in client.list_artifacts(run, parent or None)}
    entry = files.get(str(place))
    if entry is None or entry.is_dir:
        found = "is a folder" if entry is not None else "is no artefact of the run"
        known = sorted(name for name, each in files.items() if not each.is_dir)
        raise PreconditionError(f"{shown}: {place} {found}", advice=did_you_mean(str(place), known))
    if (entry.file_size or 0) > LARGEST:
        raise PreconditionError(
            f"{shown}: larger than {LARGEST >> 20} MiB, the limit for a report of metrics",
            advice="name a file that holds only the metrics",
        )
    with tempfile.TemporaryDirectory() as folder, _asked(shown, store):
        return Path(client.download_artifacts(run, str(place), folder)).read_bytes()


def _numbers(metrics: Mapping[str, float]) -> Iterator[tuple[tuple[str, ...], Printed]]:
    for name, value in metrics.items():
        number = parse_printed(repr(float(value)))
        if number is not None:
            # The store has every bit: nothing was rounded.
            yield (readable(name),), number.exactly()


def _client(shown: str, store: str) -> Any:
    try:
        from mlflow.tracking import MlflowClient  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise PreconditionError(
            f"{shown}: needs MLflow, which is not installed", advice=f"install the extra: {EXTRA}"
        ) from error
    with _asked(shown, store):
        return MlflowClient(tracking_uri=store)


@contextmanager
def _asked(shown: str, store: str) -> Iterator[None]:
    """Say which store did not answer."""
    try:
        yield
    except Exception as error:
        # Clients of databases and servers raise anything.
        first = redacted_text((str(error) or type(error).__name__).splitlines()[0])
        raise PreconditionError(
            f"{shown}: cannot be read from the MLflow store {redacted_text(store)}: {first}",
            advice=f"check the identifier, and that {VARIABLE} names the store; a database also"
            " needs: pip install sqlalchemy alembic",
        ) from error
