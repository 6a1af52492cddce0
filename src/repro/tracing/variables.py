"""The environment variables that the user's code reads, and digests of their values.

Python raises no audit event for them, so that the methods of ``os.environ`` are wrapped. What a
library reads is its own business; so is a copy of the whole environment, as for a child process.
"""

from __future__ import annotations

import hashlib
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UNSET = "not set"
"""In place of a digest."""
_THROUGH = {os.__file__, sys.modules["_collections_abc"].__file__, "<frozen os>",
            "<frozen _collections_abc>"}  # fmt: skip
_WHOLE = frozenset({"copy", "__or__", "__ror__", "__repr__"})
_watchers: list[Callable[[str, str, str], None]] = []


def watch_variables(note: Callable[[str, str, str], None]) -> None:
    """Call ``note`` with file of the reader, name and digest, at every read of a variable.

    An error in it never reaches the program. This cannot be undone.
    """
    if not _watchers:
        _wrap(type(os.environ))
    _watchers.append(note)


def digest_of(name: str, value: str | None) -> str:
    """Return the digest of a variable, ``variable/v1:<hex>``; ``not set`` without a value."""
    if value is None:
        return UNSET
    content = "\0".join(("variable", name, value)).encode("utf-8", "surrogateescape")
    return f"variable/v1:{hashlib.sha256(content).hexdigest()}"


def _wrap(kind: Any) -> None:
    getitem, iterate = kind.__getitem__, kind.__iter__
    # Names that are read in the order of an iteration, as by dict(os.environ), are a copy.
    copying: list[Any] = []

    def __getitem__(self: Any, key: Any) -> Any:  # noqa: N807 - it takes that name
        try:
            value = getitem(self, key)
        except KeyError:
            _note(copying, key, None)
            raise
        _note(copying, key, value)
        return value

    def __iter__(self: Any) -> Iterator[Any]:  # noqa: N807 - it takes that name
        names = list(iterate(self))
        copying[:] = names[::-1]
        return iter(names)

    kind.__getitem__, kind.__iter__ = __getitem__, __iter__


def _note(copying: list[Any], key: Any, value: Any) -> None:
    if copying and copying[-1] == key:
        copying.pop()
        return
    copying.clear()
    try:
        reader = _reader()
        name, text = os.fsdecode(key), None if value is None else os.fsdecode(value)
        if reader and not name.startswith("REPRO_"):
            for note in _watchers:
                note(reader, name, digest_of(name, text))
    except Exception:
        return


def _reader() -> str:
    """Return the file of the code that asks ``os.environ``; empty for a copy of all of it."""
    frame: Any = sys._getframe(3)  # noqa: SLF001 - there is no other way to ask
    while frame is not None and frame.f_code.co_filename in _THROUGH:
        if frame.f_code.co_name in _WHOLE:
            return ""
        frame = frame.f_back
    return "" if frame is None else str(frame.f_code.co_filename)
