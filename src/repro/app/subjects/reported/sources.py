"""The sources of reported metrics: a file, a revision of git, or a run of MLflow."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from repro.app.subjects.reported.documents import LARGEST, parse_json, parse_toml, parse_yaml
from repro.app.subjects.reported.tables import (
    is_classification_report,
    parse_classification_report,
    parse_csv,
)
from repro.core.errors import PreconditionError, SchemaError
from repro.core.reported import ReportedMetrics
from repro.store.disk import read_limited

# Records have one of these, however a formatter of JSON has laid them out.
_RECORD = re.compile(rb'"schema"\s*:\s*"repro\.(?!metrics/)|"strict_key"\s*:')
_READERS: dict[str, Callable[[str, str], ReportedMetrics]] = {
    ".json": parse_json,
    ".yaml": parse_yaml,
    ".yml": parse_yaml,
    ".toml": parse_toml,
    ".csv": parse_csv,
    ".tsv": parse_csv,
}
_Parse = Callable[[bytes, str], ReportedMetrics]


def _of_revision(base: Path, text: str, parse: _Parse) -> ReportedMetrics:
    # Imported when used: it observes the machine too.
    from repro.app.subjects.reported import revision  # noqa: PLC0415

    return revision.read(base, text, parse)


def _of_mlflow(base: Path, text: str, parse: _Parse) -> ReportedMetrics:
    from repro.app.subjects.reported import mlflow_run  # noqa: PLC0415

    return mlflow_run.read(base, text, parse)


_KINDS: dict[str, Callable[[Path, str, _Parse], ReportedMetrics]] = {
    "dvc:": _of_revision,
    "mlflow:": _of_mlflow,
}


def is_report(base: Path, name: str) -> bool:
    """Return whether a reference is a report of metrics, and not a run or a record.

    Parameters
    ----------
    base : Path
        Folder that names of files are looked up in, after the current one.

    Raises
    ------
    PreconditionError
        If there is such a file, and it cannot be read.
    """
    if name.startswith(tuple(_KINDS)):
        return True
    path = _file(base, name)
    if path is None:
        return False
    content = _content(path, None)
    # What is not text is said by the reader of records.
    return _RECORD.search(content) is None and b"\0" not in content


def read_report(base: Path, name: str) -> ReportedMetrics:
    """Read reported metrics; nothing is executed, and nothing is written.

    Parameters
    ----------
    name : str
        A file, ``dvc:REV:path``, ``mlflow:RUN_ID``, or ``mlflow:RUN_ID:path``.

    Raises
    ------
    PreconditionError, SchemaError, ConfigError
        If there is no such thing, or it holds no metrics.
    """
    for start, read in _KINDS.items():
        if name.startswith(start):
            return read(base, name.removeprefix(start), parse)
    path = _file(base, name)
    if path is None:
        raise PreconditionError(
            f"no reference {name}", advice="name a run, a record, or a file of metrics"
        )
    return parse(_content(path, LARGEST), path.name)


def parse(content: bytes, name: str) -> ReportedMetrics:
    """Read the bytes of a report, by the end of its name, or else by how it begins.

    Raises
    ------
    SchemaError
        If it holds no metrics.
    """
    if len(content) > LARGEST:
        raise SchemaError(
            f"{name}: larger than {LARGEST >> 20} MiB, the limit for a report of metrics",
            advice="name a file that holds only the metrics",
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SchemaError(
            f"{name}: not UTF-8 at byte {error.start}", advice="save it as UTF-8"
        ) from error
    if is_classification_report(text):
        return parse_classification_report(text, name)
    reader = _READERS.get(PurePosixPath(name).suffix.lower()) or _reader_of(text)
    return reader(text, name)


def _reader_of(text: str) -> Callable[[str, str], ReportedMetrics]:
    first = text.lstrip().partition("\n")[0]
    if first.startswith(("{", "[")):
        return parse_json
    return parse_csv if re.search(r"[,\t]", first) and ":" not in first else parse_yaml


def _file(base: Path, name: str) -> Path | None:
    return next((path for path in (Path(name), base / name) if path.is_file()), None)


def _content(path: Path, limit: int | None) -> bytes:
    try:
        if limit is None:
            return read_limited(path, path.name)
        return read_limited(path, path.name, limit)
    except OSError as error:
        raise PreconditionError(f"{path.name}: cannot be read: {error.strerror}") from error
