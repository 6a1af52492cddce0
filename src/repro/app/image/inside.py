"""The build on a different date, as the Linux of :mod:`repro.app.image.other_clock` runs it.

This is a program: ``python -m repro.app.image.inside FOLDER``. It serves the base that was fetched
into the folder, and builds from it.
"""

from __future__ import annotations

import json
import platform
import sys
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from repro.app.image.builders import Build, Buildah
from repro.app.image.sources import Base
from repro.core.errors import PreconditionError

if TYPE_CHECKING:
    import os

PORT = 5000
_TREES = ("application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json")


class _Registry(SimpleHTTPRequestHandler):
    """The part of a registry that a pull of the base needs."""

    def translate_path(self, path: str) -> str:
        """Return the file that a digest names, and the folder for any other path."""
        _, found, digest = path.rpartition("sha256:")
        return str(Path(self.directory, digest if found else ""))

    def guess_type(self, path: str | os.PathLike[str]) -> str:
        """Return the media type that a manifest names."""
        if "/manifests/" not in self.path:
            return "application/octet-stream"
        content = json.loads(Path(path).read_bytes())
        return str(content.get("mediaType", _TREES["manifests" not in content]))


def main(folder: Path) -> None:
    """Build what was asked for in a folder; exit with a sentence if that fails."""
    asked = json.loads((folder / "build").read_bytes())
    given = asked["build"]
    given |= {"context": Path(given["context"]), "log": Path(given["log"])}
    made = Build(**given | {"base": Base(**given["base"])})
    server = ThreadingHTTPServer(
        ("127.0.0.1", PORT),
        lambda *arguments: _Registry(*arguments, directory=str(folder / "base")),
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        Buildah().build(made, Path(asked["layout"]))
    except PreconditionError as error:
        sys.exit(f"error: {error}")
    now = time.strftime("%Y-%m-%d", time.gmtime())
    (folder / "clock").write_text(f"{now} Linux {platform.release()}", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
