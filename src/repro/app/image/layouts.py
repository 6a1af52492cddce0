"""OCI image layouts: read one, and list the differences of two.

The format is that of the OCI image specification: an index names a manifest, which names the
configuration and the layers, each by its SHA-256.
"""

from __future__ import annotations

import hashlib
import json
import stat
import tarfile
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from repro.core.errors import PreconditionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_KINDS = {
    tarfile.REGTYPE: "file", tarfile.AREGTYPE: "file", tarfile.LNKTYPE: "hard link",
    tarfile.SYMTYPE: "symbolic link", tarfile.DIRTYPE: "folder", tarfile.CHRTYPE: "device",
    tarfile.BLKTYPE: "device", tarfile.FIFOTYPE: "pipe",
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One path in a layer."""

    kind: str
    mode: str
    owner: str
    time: float
    size: int
    target: str
    sha256: str
    attributes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Layout:
    """A folder that holds one image.

    Attributes
    ----------
    digest : str
        Of the manifest: what names the image wherever it goes.
    """

    path: Path
    digest: str
    manifest: dict[str, Any]
    config: dict[str, Any]

    @property
    def layers(self) -> list[str]:
        """The digests of the layers, from the base upwards."""
        return [layer["digest"] for layer in self.manifest["layers"]]

    @property
    def size(self) -> int:
        """Bytes in all layers."""
        return sum(int(layer["size"]) for layer in self.manifest["layers"])


def read_layout(path: Path) -> Layout:
    """Read a layout that holds one image.

    Raises
    ------
    PreconditionError
        If the folder is no such layout.
    """
    try:
        index = json.loads((path / "index.json").read_bytes())
        (descriptor,) = index["manifests"]
        manifest = json.loads(_blob(path, descriptor["digest"]).read_bytes())
        config = json.loads(_blob(path, manifest["config"]["digest"]).read_bytes())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PreconditionError(
            f"'{path}' is not an OCI layout of one image: {error}",
            advice="write one with: repro image build --output oci:FOLDER",
        ) from error
    return Layout(path, descriptor["digest"], manifest, config)


def entries(layout: Layout, layer: str) -> dict[str, Entry]:
    """Return every path of a layer with its entry."""
    with tarfile.open(_blob(layout.path, layer)) as archive:
        return {member.name.removeprefix("./"): _entry(archive, member) for member in archive}


def merged(layout: Layout) -> dict[str, Entry]:
    """Return the tree that a container sees: every path after all layers."""
    tree: dict[str, Entry] = {}
    for layer in layout.layers:
        found = entries(layout, layer)
        for path in found:
            folder, _, name = path.rpartition("/")
            if name.startswith(".wh."):
                _remove(tree, folder, name.removeprefix(".wh."))
        tree |= {p: e for p, e in found.items() if not p.rpartition("/")[2].startswith(".wh.")}
    return tree


def differences(left: Layout, right: Layout) -> Iterator[str]:
    """Return the differences of two images: a line for each path of a layer and each setting."""
    yield from _unequal("configuration", left.config, right.config)
    first, second = left.layers, right.layers
    if len(first) != len(second):
        yield f"layers: {len(first)} and {len(second)}"
    for number, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            yield from _unlike(number, entries(left, one), entries(right, other))
    yield from _unequal(
        "manifest", left.manifest.get("annotations"), right.manifest.get("annotations")
    )


def _remove(tree: dict[str, Entry], folder: str, name: str) -> None:
    inside = f"{folder}/" if folder else ""
    gone = inside if name == ".wh..opq" else f"{inside}{name}"
    for path in [p for p in tree if p == gone or p.startswith(f"{gone.rstrip('/')}/")]:
        del tree[path]


def _blob(path: Path, digest: str) -> Path:
    return path / "blobs" / digest.replace(":", "/")


def _entry(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    content = archive.extractfile(member) if member.isreg() else None
    return Entry(
        kind=_KINDS.get(member.type, repr(member.type)),
        mode=stat.filemode(member.mode)[1:],
        owner=f"{member.uid}:{member.gid}",
        time=member.mtime,
        size=member.size,
        target=member.linkname,
        sha256=hashlib.sha256(content.read()).hexdigest() if content else "",
        # These repeat what is above, for numbers and names that the old format has no room for.
        attributes=tuple(
            sorted(
                (name, value)
                for name, value in member.pax_headers.items()
                if name not in {"path", "linkpath", "size", "mtime", "atime", "ctime"}
            )
        ),
    )


def _unlike(number: int, left: Mapping[str, Entry], right: Mapping[str, Entry]) -> Iterator[str]:
    before = f"layer {number}: "
    changed = False
    for path in sorted(left.keys() | right.keys()):
        one, other = left.get(path), right.get(path)
        if one is None or other is None:
            changed = True
            yield f"{before}{path}: only in the {'second' if one is None else 'first'}"
        elif one != other:
            changed = True
            parts = "; ".join(
                f"{field.name} {getattr(one, field.name)!r} and {getattr(other, field.name)!r}"
                for field in fields(Entry)
                if getattr(one, field.name) != getattr(other, field.name)
            )
            yield f"{before}{path}: {parts}"
    if not changed:
        order = list(left) != list(right)
        yield f"{before}the same files, {'in a different order' if order else 'packed differently'}"


def _unequal(where: str, left: Any, right: Any) -> Iterator[str]:
    if left == right:
        return
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted(left.keys() | right.keys()):
            yield from _unequal(f"{where}.{key}", left.get(key), right.get(key))
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for place, (one, other) in enumerate(zip(left, right, strict=True)):
            yield from _unequal(f"{where}.{place}", one, other)
    else:
        yield f"{where}: {left!r} and {right!r}"
