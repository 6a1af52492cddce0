"""A run as an RO-Crate of the profile Process Run Crate: its files, and how they were made."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repro.app.subjects.commands import command_of
from repro.core.errors import ConfigError, PreconditionError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from repro.app.export.exported import Exported

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_CRATE = "1.1"
_CONTEXT = "https://w3id.org/ro/terms/workflow-run/context"
_STATUS = "http://schema.org/{}ActionStatus"
_FORMATS = {
    ".json": "application/json", ".csv": "text/csv", ".md": "text/markdown", ".html": "text/html",
    ".joblib": "application/octet-stream",
}  # fmt: skip
# What a file of a run is, for people; the others are named by their names.
_MEANINGS = {
    "config.json": "Configuration that the model was trained with",
    "metrics.json": "Metrics on held-out rows, and of cross-validation",
    "model.joblib": "The fitted pipeline, a pickle of joblib: loading it runs code",
    "predictions.csv": "Predictions of the held-out rows",
    "record.json": "The record: everything comparable about the run",
    "environment.json": "The environment that was observed",
    "lineage.json": "Hashes of all files of the run, and where it came from",
    "report.html": "Report for people",
}
_GIVEN = "config.json"


def export_crate(exported: Exported, to: Path, licence: str | None) -> None:
    """Write a run as an RO-Crate, to a folder or to an archive whose name ends with ``.zip``.

    Parameters
    ----------
    to : Path
        It must not exist.
    licence : str or None
        Of the crate: a URL or the name of a licence.

    Raises
    ------
    ConfigError
        If there is something of this name.
    PreconditionError
        If rocrate is not installed, or the crate cannot be written.
    """
    if os.path.lexists(to):
        raise ConfigError(f"{to} exists: it is not overwritten", advice="choose a different name")
    package = _package()
    try:
        with _beside(to) as folder:
            crate = _crate(package, exported, folder / "files", licence)
            made = folder / "made"
            if to.suffix == ".zip":
                crate.write_zip(made)
            else:
                crate.write(made)
            made.replace(to)
    except OSError as error:
        raise PreconditionError(
            f"{to}: cannot be written: {error.strerror}", advice="choose a different name"
        ) from error


def _package() -> Any:
    try:
        import rocrate.model  # noqa: PLC0415 - an extra
        import rocrate.rocrate  # noqa: PLC0415
    except ImportError as error:
        raise PreconditionError(
            "an RO-Crate needs rocrate, which is not installed",
            advice="install the extra: pip install 'repro[crate]'",
        ) from error
    return rocrate


@contextmanager
def _beside(to: Path) -> Iterator[Path]:
    """Give a folder on the same disk, from which what was made is moved to its name."""
    to.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".crate-", dir=to.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _crate(package: Any, exported: Exported, folder: Path, licence: str | None) -> Any:
    crate = package.rocrate.ROCrate(version=_CRATE)
    crate.metadata.extra_contexts.append(_CONTEXT)
    root = crate.root_dataset
    root["name"] = f"Run {exported.run_id} of {exported.name}"
    root["description"] = _description(exported)
    root["datePublished"] = _time(exported.finished)
    root["license"] = _licence(package, crate, licence)
    profile = {"@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    root["conformsTo"] = _entity(package, crate, PROFILE, profile)
    root["identifier"] = [
        _entity(
            package,
            crate,
            f"#{name}",
            {"@type": "PropertyValue", "propertyID": name, "value": value},
        )
        for name, value in exported.tags().items()
    ]
    files = _add_files(crate, exported, folder)
    root["mentions"] = _action(package, crate, exported, files)
    return crate


def _licence(package: Any, crate: Any, licence: str | None) -> Any:
    if licence is None or not licence.startswith(("https://", "http://")):
        return licence or "not stated"
    name = licence.rstrip("/").rpartition("/")[2]
    return _entity(package, crate, licence, {"@type": "CreativeWork", "name": name})


def _time(moment: datetime) -> str:
    # Validators of the profile take no fractions of seconds.
    return moment.isoformat(timespec="seconds")


def _description(exported: Exported) -> str:
    if exported.run is not None and (text := exported.run.config.get("description")):
        return str(text)
    return f"One execution, recorded by repro {exported.lineage.version}"


def _entity(package: Any, crate: Any, name: str, properties: dict[str, Any]) -> Any:
    return crate.add(package.model.ContextEntity(crate, name, properties=properties))


def _add_files(crate: Any, exported: Exported, folder: Path) -> dict[str, Any]:
    """Add every file of the run, in a folder of the run's name; return the entities by file."""
    folder.mkdir()
    found = {}
    for name, content in exported.files():
        (folder / name).write_bytes(content)
        entry = exported.lineage.files.get(name)
        properties = {
            "name": name,
            "description": _MEANINGS.get(name, name),
            "contentSize": str(len(content)),
            "encodingFormat": _FORMATS.get(Path(name).suffix, "application/octet-stream"),
            **({"sha256": entry.sha256} if entry else {}),
        }
        place = f"{exported.run_id}/{name}"
        found[name] = crate.add_file(folder / name, place, properties=properties)
    return found


def _action(package: Any, crate: Any, exported: Exported, files: dict[str, Any]) -> Any:
    recipe, observed = command_of(exported.record), exported.record.observed
    failed = observed is not None and observed.status != 0
    words = exported.lineage.command if recipe is None else recipe.argv
    action = crate.add_action(
        _instrument(package, crate, exported),
        identifier=f"#{exported.run_id}",
        object=[*_data(package, crate, exported), *(files[n] for n in [_GIVEN] if n in files)],
        result=[entity for name, entity in files.items() if name != _GIVEN],
        properties={
            "name": f"Training of {exported.name}" if recipe is None else f"Run of {exported.name}",
            "description": shlex.join(_without_folders(words)),
            "startTime": _time(exported.started),
            "endTime": _time(exported.finished),
            "actionStatus": _STATUS.format("Failed" if failed else "Completed"),
        },
    )
    if failed and observed is not None:
        action["error"] = f"exit status {observed.status}"
    return action


def _without_folders(words: tuple[str, ...]) -> list[str]:
    """Return a command line without the folders of a machine."""
    return [Path(word).name if Path(word).is_absolute() else word for word in words]


def _instrument(package: Any, crate: Any, exported: Exported) -> Any:
    versions = exported.environment.environment.packages
    packages = {name: versions[name] for name in ("scikit-learn", "numpy") if name in versions}
    software = {
        "@type": "SoftwareApplication",
        "name": "repro" if exported.run is not None else exported.name,
        "softwareVersion": _version(exported),
        "softwareRequirements": [
            _package_entity(package, crate, name, version) for name, version in packages.items()
        ],
    }  # fmt: skip
    return _entity(package, crate, "#program", {k: v for k, v in software.items() if v})


def _package_entity(package: Any, crate: Any, name: str, version: str) -> Any:
    url = f"https://pypi.org/project/{name}/{version}/"
    properties = {"name": name, "softwareVersion": version, "url": url}
    return _entity(package, crate, url, {"@type": "SoftwareApplication", **properties})


def _version(exported: Exported) -> str:
    """Return the version of the program: of this one, or the commit of somebody's own."""
    if exported.run is not None:
        return exported.lineage.version
    return exported.lineage.commit or ""


def _data(package: Any, crate: Any, exported: Exported) -> list[Any]:
    """Describe the data by digest and place; it is not part of the crate."""
    found = []
    for data in exported.record.materials.data:
        properties: dict[str, Any] = {
            "@type": "CreativeWork",
            "name": data.name,
            "identifier": data.content,
        }
        if exported.config is not None:
            dataset = exported.config.dataset
            properties |= {
                "description": f"{dataset.description} ({dataset.source.label}, {data.rows} rows)",
                "license": dataset.licence,
                "creditText": dataset.origin,
            }
        found.append(_entity(package, crate, f"#data-{data.name}", properties))
    return found
