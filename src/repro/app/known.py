"""The file of the fingerprints that a project knows, which its matrix writes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import ValidationError

from repro.app.files import check_targets, write_whole
from repro.config.common_keys import with_keys_of
from repro.config.keys import VERSION
from repro.core.errors import PreconditionError, SchemaError
from repro.core.fingerprint import Fingerprint
from repro.core.jsonfile import dump_record, load, load_record
from repro.core.known import FINGERPRINTS, NOTHING_KNOWN, KnownFingerprints
from repro.divergence.limits import check_noise
from repro.store.disk import read_limited

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from repro.core.environment import Environment
    from repro.core.record import AnyRecord
    from repro.divergence.tolerance import ToleranceRequest


def read_known(project: Path) -> KnownFingerprints:
    """Read the fingerprints that a project knows; nothing where it has no such file.

    Raises
    ------
    PreconditionError, SchemaError
        If the file cannot be read.
    """
    return _read(project / FINGERPRINTS, FINGERPRINTS)


def informed(
    project: Path | None, asked: ToleranceRequest, expected: AnyRecord
) -> ToleranceRequest:
    """Add what a project knows to a request for an automatic tolerance, and check its noise.

    Raises
    ------
    PreconditionError, SchemaError
        If the noise says nothing of the record, or the file of fingerprints cannot be read.
    """
    if asked.noise:
        version = 1 if asked.noise.strict_key.startswith("strict/v1:") else VERSION
        check_noise(asked.noise, with_keys_of(expected, version))
    return replace(asked, known=read_known(project)) if asked.auto and project else asked


def recorded_fingerprint(path: Path) -> Fingerprint:
    """Return the fingerprint that a run, or a file with an environment, holds.

    Raises
    ------
    PreconditionError, SchemaError
        If it holds no fingerprint, or cannot be read.
    """
    file = path / "environment.json" if path.is_dir() else path
    try:
        value = load(read_limited(file, file.name), file.name)
    except OSError as error:
        raise PreconditionError(
            f"{path} is neither a fingerprint nor a readable file: {error.strerror}",
            advice="give at least 12 hexadecimal digits of a digest, or a file that contains one",
        ) from error
    inner = value.get("environment")
    found = (inner if isinstance(inner, dict) else value).get("fingerprint")
    if found is None:
        raise PreconditionError(
            f"{path} contains no fingerprint",
            advice="create one with: repro env fingerprint --json",
        )
    try:
        return Fingerprint.model_validate(found)
    except ValidationError as error:
        raise SchemaError(f"{path}: its fingerprint is not one that this version reads") from error


def check_file(path: Path) -> None:
    """Refuse a file that cannot be read or written, before any work is done for it.

    Raises
    ------
    ConfigError, PreconditionError, SchemaError
    """
    check_targets([path])
    _read(path, str(path))


def remember(path: Path, environments: Iterable[Environment]) -> int:
    """Add the fingerprints of environments to a file of known ones, and return how many are new.

    Raises
    ------
    PreconditionError, SchemaError
        If the file cannot be read or written.
    """
    known = _read(path, str(path))
    more = known.plus(KnownFingerprints.of(environments))
    write_whole(path, dump_record(more))
    return len(more.known) - len(known.known)


def _read(path: Path, name: str) -> KnownFingerprints:
    try:
        return load_record(read_limited(path, name), name, KnownFingerprints)
    except FileNotFoundError:
        return NOTHING_KNOWN
    except OSError as error:
        raise PreconditionError(f"{name}: cannot be read: {error.strerror}") from error
