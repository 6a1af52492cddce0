"""The files that a tracker writes: plain JSON and YAML, each whole or not at all."""

from __future__ import annotations

import ctypes
import json
import math
import os
import sys
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

# Of linux/fcntl.h: absolute paths need no folder, and both files must exist.
_NO_FOLDER, _EXCHANGE = -100, 2


def plain(value: Any) -> Any:
    """Return a value as JSON has it: numbers that are not finite, and what is unknown, as text."""
    for kind in (bool, int, float, str):
        # NumPy's numbers and texts, and enumerations, are of these types and of others too.
        if isinstance(value, kind):
            found = readable(str(value)) if kind is str else kind(value)
            return repr(found) if isinstance(found, float) and not math.isfinite(found) else found
    if isinstance(value, Mapping):
        return {readable(str(key)): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, (set, frozenset)):
        return sorted(readable(str(each)) for each in value)
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return None if value is None else readable(str(value))


def readable(text: str) -> str:
    """Return a text as UTF-8 has it: what is no character, as in some file names, as an escape."""
    return str(text).encode("utf-8", "backslashreplace").decode()


def write_text(path: Path, text: str, *, flushed: bool = True) -> None:
    """Write a file whole or not at all, and its folder where it is missing.

    Parameters
    ----------
    flushed : bool
        Whether it must be whole after a power cut too, and not only after the process was killed:
        ext4 writes the data to the disk whenever a file replaces a different one, which takes
        milliseconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8")
        if flushed or not _exchanged(partial, path):
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@cache
def _renameat2() -> Any:
    """Return the function of the C library; None if it has no such one, as outside of Linux."""
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), "renameat2", None)


def _exchanged(new: Path, old: Path) -> bool:
    """Exchange two files in one step; return False where the system or file system cannot."""
    rename = _renameat2()
    if rename is None:
        return False
    names = (os.fsencode(new.absolute()), os.fsencode(old.absolute()))
    return bool(rename(_NO_FOLDER, names[0], _NO_FOLDER, names[1], _EXCHANGE) == 0)


class Document:
    """A mapping as JSON or YAML text; only the sections that changed are encoded again.

    Parameters
    ----------
    suffix : str
        ``json`` or ``yaml``.
    """

    def __init__(self, suffix: str) -> None:
        self.suffix = suffix
        self._encode = _json_section if suffix == "json" else _yaml_section
        self._known: dict[str, tuple[int, str]] = {}

    def text(self, sections: Mapping[str, Any], versions: Mapping[str, int]) -> str:
        """Return the text of all sections.

        Parameters
        ----------
        sections : mapping
            Plain values by name.
        versions : mapping of str to int
            A number for each section, which grows when its value changes.
        """
        for name, value in sections.items():
            version = versions.get(name, 0)
            if self._known.get(name, (-1, ""))[0] != version:
                self._known[name] = (version, self._encode(name, plain(value)))
        parts = [self._known[name][1] for name in sections]
        if self.suffix == "json":
            return "{\n" + ",\n".join(parts) + "\n}\n"
        return "".join(parts)


def _json_section(name: str, value: Any) -> str:
    text = json.dumps({name: value}, indent=2, ensure_ascii=False, allow_nan=False)
    return text[2:-2]


def _yaml_section(name: str, value: Any) -> str:
    import yaml  # noqa: PLC0415 - only where YAML is written

    dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(
        yaml.dump({name: value}, Dumper=dumper, sort_keys=False, allow_unicode=True, width=100)
    )
