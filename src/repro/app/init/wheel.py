"""The wheel of this package, packed again from what is installed.

A new project brings it along, since no index has it. The same files give the same bytes.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import repro
from repro.core.errors import PreconditionError

if TYPE_CHECKING:
    from collections.abc import Iterator

# What installers add to a distribution, and what is true of one installation alone.
_OF_INSTALLER = {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json"}
_BEGINNING = (1980, 1, 1, 0, 0, 0)
_PERMISSIONS = 0o100644 << 16


@dataclass(frozen=True)
class Wheel:
    """A wheel in memory.

    Attributes
    ----------
    name : str
        Of its file.
    content : bytes
    """

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """SHA-256 of the file, 64 hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()


def own_wheel() -> Wheel:
    """Pack the installed package.

    Returns
    -------
    Wheel
        Pure Python, for every platform; of the same files the same bytes on every machine.

    Raises
    ------
    PreconditionError
        If the package is not installed, or a file of it differs from what was installed.
    """
    try:
        distribution = metadata.distribution("repro")
    except metadata.PackageNotFoundError:
        raise PreconditionError(
            "the package repro is not installed, so that a project cannot bring it along",
            advice="install its wheel: pip install repro-*.whl",
        ) from None
    label = f"repro-{distribution.version}"
    files = dict(sorted(_files(distribution, f"{label}.dist-info")))
    files[f"{label}.dist-info/RECORD"] = _record(files, f"{label}.dist-info/RECORD")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, _BEGINNING)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, _PERMISSIONS
            archive.writestr(info, content)
    return Wheel(f"{label}-py3-none-any.whl", packed.getvalue())


def _files(distribution: metadata.Distribution, info: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files of the package and its metadata, as its wheel had them."""
    listed = {entry.as_posix(): entry for entry in distribution.files or ()}
    package = Path(repro.__file__).parent
    for path in package.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            name = f"repro/{path.relative_to(package).as_posix()}"
            content = path.read_bytes()
            entry = listed.get(name)
            if entry is not None and entry.hash and entry.hash.value != _digest(content):
                raise PreconditionError(
                    f"{path}: differs from the file that was installed",
                    advice="install repro again: a project gets the package as it was made",
                )
            yield name, content
    for name, entry in listed.items():
        inner = name.removeprefix(f"{info}/")
        if inner != name and inner not in _OF_INSTALLER:
            yield name, Path(str(entry.locate())).read_bytes()


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _record(files: dict[str, bytes], own: str) -> bytes:
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    for name, content in files.items():
        lines.writerow((name, f"sha256={_digest(content)}", len(content)))
    lines.writerow((own, "", ""))
    return text.getvalue().encode()
