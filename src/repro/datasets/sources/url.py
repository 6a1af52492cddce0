"""A table at a URL that fsspec opens, kept in the project's cache under its hash."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repro.core.errors import PreconditionError
from repro.datasets.hashing import check_sha256
from repro.datasets.sources.interface import Payload, payload_of
from repro.digest.files import sha256_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.config.data import UrlSource

CACHE = "data/cache"


@dataclass(frozen=True)
class Url:
    """A table elsewhere; it is fetched once, and what is kept is what was declared."""

    project: Path
    source: UrlSource

    @property
    def label(self) -> str:
        """The URL without user, password and query, where secrets may stand."""
        return self.source.label

    def obtain(self, expected: str | None) -> Payload:
        """Read the cache, or fetch the file into it; see ``Source.obtain``.

        Without an expected hash the file is fetched and nothing is kept.
        """
        content = self._cached(expected) if expected else None
        if content is None:
            content = self._fetched(expected)
        return payload_of(self.source, self.label, content, expected)

    def _cached(self, expected: str) -> bytes | None:
        """Return what the cache holds; a damaged entry counts as missing, and is fetched again."""
        try:
            content = self._entry(expected).read_bytes()
        except OSError:
            return None
        return content if sha256_bytes(content) == expected else None

    def _entry(self, sha256: str) -> Path:
        return self.project / CACHE / f"{sha256}.{self.source.format}"

    def _fetched(self, expected: str | None) -> bytes:
        fsspec = _package(self.label)
        with _temporary(self.project / CACHE, self.label) as path:
            self._download(fsspec, path)
            content = path.read_bytes()
            if expected is not None:
                check_sha256(self.label, sha256_bytes(content), expected)
                path.replace(self._entry(expected))
        return content

    def _download(self, fsspec: Any, path: Path) -> None:
        try:
            with fsspec.open(self.source.url, "rb") as remote, path.open("wb") as local:
                shutil.copyfileobj(remote, local)
                local.flush()
                os.fsync(local.fileno())
        except Exception as error:  # noqa: BLE001  # each protocol raises errors of its own
            what = str(error).replace(self.source.url, self.label).partition("\n")[0]
            # Without its cause, for a traceback would print the URL with its secrets.
            raise PreconditionError(
                f"{self.label}: cannot be fetched: {type(error).__name__}: {what}",
                advice="check the URL, the network and your permissions; protocols such as s3"
                " and gcs "
                "need their own package, which fsspec's documentation names",
            ) from None


def _package(label: str) -> Any:
    try:
        import fsspec  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise PreconditionError(
            f"{label}: fetching it needs fsspec, which is not installed",
            advice="pip install -e '.[fsspec]', in the project's environment",
        ) from error
    return fsspec


@contextmanager
def _temporary(folder: Path, label: str) -> Iterator[Path]:
    """Give a new file in a folder; whatever is still there at the end is removed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".fetch-", dir=folder)
    except OSError as error:
        raise PreconditionError(
            f"{label}: {CACHE} cannot be written: {error.strerror}",
            advice="make the folder writable, or put the file into it yourself",
        ) from error
    os.close(handle)
    path = Path(name)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
