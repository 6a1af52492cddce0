"""Native libraries that come neither from a wheel nor from the system's own folders, by content.

The dynamic loader takes a library from ``LD_LIBRARY_PATH`` or ``LD_PRELOAD`` before that of the
system, and everything that is loaded later computes with it. The loader's own table of what is
mapped shows which file it was.
"""

from __future__ import annotations

import os
import re
import struct
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from repro.digest.files import sha256_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

VARIABLES = ("LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES")
_MAPS = Path("/proc/self/maps")
_LIBRARY = re.compile(r"\.so(\.|$)|^ld[-.]")
_LOADER = re.compile(r"^ld-(linux|musl)|^ld64\.|^ld\.so")
_SYSTEM = ("/lib/", "/lib32/", "/lib64/", "/usr/lib/", "/usr/lib32/", "/usr/lib64/")
# <elf.h>: the type of a program header of notes, and of the note with the build id.
_PT_NOTE, _NT_GNU_BUILD_ID = 4, 3


def mapped_libraries() -> tuple[str, ...]:
    """Return the files of the shared libraries of this process, sorted; nothing but on Linux."""
    try:
        lines = _MAPS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ()
    # Address, permissions, offset, device and inode come before the name.
    fields = (line.split(maxsplit=5) for line in lines)
    names = {found[5] for found in fields if len(found) == 6 and "x" in found[1]}
    kept = (name.removesuffix(" (deleted)") for name in names if name.startswith("/"))
    return tuple(sorted(name for name in kept if _LIBRARY.search(os.path.basename(name))))  # noqa: PTH119


def observe_libraries(
    is_provided: Callable[[str], bool], environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the content of each library that comes from elsewhere, by the name of its file.

    Parameters
    ----------
    is_provided : callable
        Whether a file is recorded otherwise: a wheel brings it, or it is a module.

    Returns
    -------
    dict of str to str
        Such as ``build-id:…`` and ``sha256:…``; several files of one name are all included.
    """
    found: dict[str, list[str]] = {}
    for path in libraries_from_elsewhere(mapped_libraries(), environ):
        if not is_provided(path):
            found.setdefault(Path(path).name, []).append(_content(path))
    return {name: ", ".join(sorted(set(contents))) for name, contents in sorted(found.items())}


def libraries_from_elsewhere(paths: Iterable[str], environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return those libraries that are in no folder of the system or of the interpreter.

    A folder of the system that ``LD_LIBRARY_PATH`` names is the system's own only where the loader
    itself lies: a library in a folder below would not have been found without the variable.

    Examples
    --------
    >>> paths = ("/usr/lib/ld-linux-x86-64.so.2", "/usr/lib/libm.so.6", "/opt/fast/libm.so.6")
    >>> libraries_from_elsewhere(paths, {})
    ('/opt/fast/libm.so.6',)
    """
    paths = tuple(paths)
    home = {os.path.dirname(p) for p in paths if _LOADER.match(os.path.basename(p))}  # noqa: PTH119, PTH120
    asked = {os.path.realpath(folder) for folder in named_folders(environ)} - home
    preloaded = {os.path.realpath(file) for file in _preloaded(environ)}
    return tuple(
        path
        for path in paths
        if (folder := os.path.dirname(path)) in asked  # noqa: PTH120
        or path in preloaded
        or not (folder in home or path.startswith(_SYSTEM) or _is_of_python(path))
    )


def named_folders(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the folders that the loader searches first; an empty name is the current one."""
    found: list[str] = []
    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        if environ.get(name):
            found += [folder or "." for folder in re.split(r"[:;]", environ[name])]
    return tuple(found)


def _preloaded(environ: Mapping[str, str]) -> Iterator[str]:
    yield from (each for each in re.split(r"[:\s]+", environ.get("LD_PRELOAD", "")) if "/" in each)


def _is_of_python(path: str) -> bool:
    name = Path(path).name
    if name.startswith("libpython"):
        return True
    folder = sysconfig.get_config_var("DESTSHARED") or ""
    return bool(folder) and path.startswith((f"{folder}/", f"{os.path.realpath(folder)}/"))


def _content(path: str) -> str:
    try:
        digest = sha256_file(path)
        known = build_id(Path(path))
    except OSError:
        return "gone"
    return f"build-id:{known} sha256:{digest}" if known else f"sha256:{digest}"


def build_id(path: Path) -> str:
    """Return the build id that a linker wrote into a library, in hexadecimal; empty without one.

    Raises
    ------
    OSError
        If the file cannot be read.

    Notes
    -----
    The layout is that of the Executable and Linkable Format for 64 bits, ``elf(5)``.
    """
    with path.open("rb") as file:
        head = file.read(64)
        if len(head) < 64 or head[:5] != b"\x7fELF\x02":
            return ""
        order = ">" if head[5] == 2 else "<"
        (start,) = struct.unpack_from(f"{order}Q", head, 32)
        size, count = struct.unpack_from(f"{order}HH", head, 54)
        for index in range(count):
            file.seek(start + index * size)
            header = file.read(56)
            if len(header) == 56 and struct.unpack_from(f"{order}I", header)[0] == _PT_NOTE:
                offset, _, _, length = struct.unpack_from(f"{order}QQQQ", header, 8)
                file.seek(offset)
                found = _note(file.read(min(length, 1 << 16)), order)
                if found:
                    return found
    return ""


def _note(notes: bytes, order: str) -> str:
    position = 0
    while position + 12 <= len(notes):
        name, size, kind = struct.unpack_from(f"{order}III", notes, position)
        text = position + 12
        data = text + (name + 3) // 4 * 4
        if kind == _NT_GNU_BUILD_ID and notes[text : text + 4] == b"GNU\0":
            return notes[data : data + size].hex()
        position = data + (size + 3) // 4 * 4
    return ""
