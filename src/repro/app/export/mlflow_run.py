"""A run in a store of MLflow: parameters, metrics, tags, data sets, files and the model."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repro.app.subjects.mlflow_store import EXTRA, VARIABLE, store_of, variables
from repro.core.errors import PreconditionError, ReproError
from repro.core.redaction import redacted_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from repro.app.export.exported import Exported

FILES, MODEL = "run", "model"
COMPLETE = "repro.lineage"
"""The tag with the digest of the run's lineage; it is set last, when the export is complete."""
# MLflow's limits on names, values and requests.
_NAME, _VALUE, _PARAMETERS, _METRICS = 250, 6000, 100, 1000
_DIGEST = 32
_REFUSED = re.compile(r"[^\w./ :-]", re.ASCII)
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]+:")


@dataclass(frozen=True)
class MlflowRun:
    """The run of MLflow that a run was exported to.

    Attributes
    ----------
    made : bool
        False if an earlier export of the same run was found, and nothing was written.
    """

    run_id: str
    experiment: str
    store: str
    made: bool


def export_mlflow(
    exported: Exported, base: Path, to: str | None, experiment: str | None, *, again: bool
) -> MlflowRun:
    """Write a run to a store of MLflow, once.

    Parameters
    ----------
    base : Path
        The folder in which a store is looked for if neither ``to`` nor the environment names one.
    to : str or None
        The URI of a store, or the path of a folder.
    experiment : str or None
        Of MLflow; it is made if it is missing. By default it has the name of the run's experiment.
    again : bool
        Make a second run of MLflow if there is one.

    Raises
    ------
    PreconditionError
        If MLflow is not installed, the store cannot be written, or the model cannot be loaded.
    """
    store = _uri(to) if to else store_of(base)
    name = experiment or exported.name
    with variables(**_beside(store)):
        client = _client(store)
        try:
            place = _experiment(client, name)
            found = None if again else _find(client, place, exported.lineage.digest)
            made = found is None
            run_id = _write(client, place, exported) if found is None else found
            for tag, value in exported.verdict().items():
                # A run is verified after it was exported, too.
                client.set_tag(run_id, tag, value)
        except ReproError:
            raise
        except Exception as error:
            # Clients of databases and servers raise anything.
            raise _failed(store, error) from error
    return MlflowRun(run_id, name, redacted_text(store), made)


def safe_names(names: Iterable[str]) -> dict[str, str]:
    """Return for each name one that MLflow takes; no two names become one.

    Examples
    --------
    >>> safe_names(["loss", "a@1", "a#1"])
    {'loss': 'loss', 'a@1': 'a_1-e35195', 'a#1': 'a_1-9fd357'}
    """
    return {name: _safe(name) for name in names}


def _safe(name: str) -> str:
    # A store of files makes a path of a name, and refuses one that leads elsewhere.
    parts = [part for part in _REFUSED.sub("_", name).split("/") if part not in {"", ".", ".."}]
    kept = "/".join(parts)
    if kept == name and len(name) <= _NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{kept[: _NAME - len(digest) - 1]}-{digest}"


def _uri(to: str) -> str:
    return to if _REMOTE.match(to) else Path(to).resolve().as_uri()


def _beside(store: str) -> dict[str, str]:
    """Let MLflow keep files beside a database in a file, and not in the current folder."""
    path = store.removeprefix("sqlite:///")
    if path in {store, "", ":memory:"}:
        return {}
    folder = Path(path).resolve().parent
    folder.mkdir(parents=True, exist_ok=True)
    return {"_MLFLOW_SERVER_ARTIFACT_ROOT": (folder / "mlruns").as_uri()}


def _client(store: str) -> Any:
    try:
        from mlflow.tracking import MlflowClient  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise PreconditionError(
            "exporting to MLflow needs MLflow, which is not installed",
            advice=f"install the extra: {EXTRA}",
        ) from error
    try:
        return MlflowClient(tracking_uri=store)
    except Exception as error:
        raise _failed(store, error) from error


def _failed(store: str, error: Exception) -> PreconditionError:
    first = redacted_text((str(error) or type(error).__name__).splitlines()[0])
    return PreconditionError(
        f"the MLflow store {redacted_text(store)} cannot be written: {first}",
        advice=f"check --to or {VARIABLE}; a database also needs: pip install sqlalchemy alembic",
    )


def _experiment(client: Any, name: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is None:
        return str(client.create_experiment(name))
    if found.lifecycle_stage != "active":
        raise PreconditionError(
            f"the experiment '{name}' of the MLflow store was deleted",
            advice="restore it: mlflow experiments restore, or name a different one: --experiment",
        )
    return str(found.experiment_id)


def _find(client: Any, place: str, digest: str) -> str | None:
    runs = client.search_runs([place], filter_string=f"tags.`{COMPLETE}` = '{digest}'")
    return str(runs[0].info.run_id) if runs else None


def _write(client: Any, place: str, exported: Exported) -> str:
    # The model is loaded first: if that fails, the store is as it was.
    model = _loaded(exported)
    start, end = (int(t.timestamp() * 1000) for t in (exported.started, exported.finished))
    tags = exported.tags() | _own_tags(exported)
    run = client.create_run(place, start_time=start, tags=tags, run_name=exported.run_id)
    run_id = str(run.info.run_id)
    try:
        _log_values(client, run_id, exported, end)
        client.log_inputs(run_id, datasets=_data_sets(exported))
        with tempfile.TemporaryDirectory() as folder:
            _copy_files(exported, Path(folder, FILES))
            client.log_artifacts(run_id, str(Path(folder, FILES)), FILES)
            if model is not None:
                _log_model(client, place, run_id, exported, Path(folder, MODEL), model)
        client.set_tag(run_id, COMPLETE, exported.lineage.digest)
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED", end_time=end)
    return run_id


def _own_tags(exported: Exported) -> dict[str, str]:
    commit = exported.lineage.commit
    return {"mlflow.source.name": exported.name, "mlflow.source.type": "LOCAL"} | (
        {"mlflow.source.git.commit": commit} if commit else {}
    )


def _log_values(client: Any, run_id: str, exported: Exported, time: int) -> None:
    from mlflow.entities import Metric, Param  # noqa: PLC0415 - an extra

    parameters, numbers = exported.parameters(), exported.numbers()
    keys = safe_names([*parameters, *numbers])
    params = [Param(keys[name], _shortened(value)) for name, value in parameters.items()]
    metrics = [Metric(keys[name], value, time, 0) for name, value in numbers.items()]
    for some in _in_parts(params, _PARAMETERS):
        client.log_batch(run_id, params=some)
    for some in _in_parts(metrics, _METRICS):
        client.log_batch(run_id, metrics=some)


def _in_parts(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _shortened(value: str) -> str:
    if len(value) <= _VALUE:
        return value
    end = f" … {len(value)} characters, all of them in {FILES}/record.json"
    return value[: _VALUE - len(end)] + end


def _data_sets(exported: Exported) -> list[Any]:
    from mlflow.entities import Dataset, DatasetInput, InputTag  # noqa: PLC0415 - an extra

    found = []
    for data in exported.record.materials.data:
        kind, source = _source(exported, data.name)
        # MLflow has room for 36 characters; the tag repro.data.NAME has all of them.
        digest = data.content.rpartition(":")[2][:_DIGEST]
        profile = json.dumps({"num_rows": data.rows}) if data.rows is not None else None
        entity = Dataset(data.name[:500], digest, kind, json.dumps(source), profile=profile)
        found.append(DatasetInput(entity, [InputTag("mlflow.data.context", "training")]))
    return found


def _source(exported: Exported, name: str) -> tuple[str, Mapping[str, object]]:
    """Return the kind of a source, by MLflow's names of kinds, and how MLflow writes it."""
    declared = exported.source
    if declared is None:
        return "local", {"uri": name}
    if declared.label.startswith(("http://", "https://")):
        return "http", {"url": declared.label}
    if declared.shipped:
        return "code", {"tags": {"mlflow.source.name": declared.label}}
    return "local", {"uri": declared.label}


def _copy_files(exported: Exported, folder: Path) -> None:
    folder.mkdir()
    for name, content in exported.files():
        (folder / name).write_bytes(content)


def _loaded(exported: Exported) -> Any:
    """Return the model, unpickled from the bytes whose hash was checked; None without one."""
    if exported.run is None:
        return None
    from repro.app.predict import load_run  # noqa: PLC0415 - imports scikit-learn

    return load_run(exported.path).model


def _log_model(
    client: Any, place: str, run_id: str, exported: Exported, folder: Path, model: Any
) -> None:
    import mlflow.sklearn  # noqa: PLC0415 - an extra
    from mlflow.entities import LoggedModelOutput  # noqa: PLC0415
    from mlflow.models import Model  # noqa: PLC0415

    digests = {"repro.run": exported.run_id, "repro.digest": exported.digest}
    logged = client.create_logged_model(place, MODEL, run_id, tags=digests)
    mlflow.sklearn.save_model(
        model,
        str(folder),
        mlflow_model=Model(run_id=run_id, model_id=logged.model_id),
        signature=_signature(exported),
        pip_requirements=_requirements(exported),
        # Classes of a pipeline are this package's own, which no other format knows.
        serialization_format="cloudpickle",
        metadata=digests,
    )
    client.log_model_artifacts(logged.model_id, str(folder))
    client.finalize_logged_model(logged.model_id, "READY")
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, 0)])


def _signature(exported: Exported) -> Any:
    from mlflow.models import ModelSignature  # noqa: PLC0415 - an extra
    from mlflow.types import ColSpec, Schema  # noqa: PLC0415

    if exported.config is None:
        return None
    columns = exported.config.dataset.columns
    numeric = [ColSpec("double", name, required=False) for name in columns.numeric]
    texts = [ColSpec("string", name, required=False) for name in columns.categorical]
    result = "double" if exported.config.task == "regression" else "string"
    return ModelSignature(Schema([*numeric, *texts]), Schema([ColSpec(result)]))


def _requirements(exported: Exported) -> list[str]:
    environment = exported.environment.environment
    used = {*environment.runtime, *(environment.used or ()), "cloudpickle"} - {"repro"}
    versions = environment.packages
    listed = [f"{name}=={versions[name]}" for name in sorted(used) if name in versions]
    return [f"repro=={exported.lineage.version}", *listed]
