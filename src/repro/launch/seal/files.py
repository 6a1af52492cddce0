"""Names of refused files, and the files that a command reads back because it created them."""

from __future__ import annotations

import os
import stat
import struct
from typing import TYPE_CHECKING

from . import processes, rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from .notices import Listener, Notice

    Refuse = Callable[[str, str, int], None]

_WRITING = os.O_WRONLY | os.O_RDWR
_NEED_CHANGE = rules.WRITE | rules.TRUNCATE
# The calls that change a folder: for each of their paths, which argument is its folder (None for
# the current one), which is its name, and whether the name is removed or created.
_CHANGES: dict[str, tuple[tuple[int | None, int, int], ...]] = {
    "mkdir": ((None, 0, rules.MAKE_FOLDER),),
    "mkdirat": ((0, 1, rules.MAKE_FOLDER),),
    "mknod": ((None, 0, rules.MAKE_FILE),),
    "mknodat": ((0, 1, rules.MAKE_FILE),),
    "symlink": ((None, 1, rules.MAKE_LINK),),
    "symlinkat": ((1, 2, rules.MAKE_LINK),),
    "unlink": ((None, 0, rules.REMOVE_FILE),),
    "unlinkat": ((0, 1, rules.REMOVE_FILE),),
    "rmdir": ((None, 0, rules.REMOVE_FOLDER),),
    "rename": ((None, 0, rules.REMOVE_FILE), (None, 1, rules.MAKE_FILE)),
    "renameat": ((0, 1, rules.REMOVE_FILE), (2, 3, rules.MAKE_FILE)),
    "renameat2": ((0, 1, rules.REMOVE_FILE), (2, 3, rules.MAKE_FILE)),
    "link": ((None, 1, rules.MAKE_FILE),),
    "linkat": ((2, 3, rules.MAKE_FILE),),
}
_REMOVES = rules.REMOVE_FILE | rules.REMOVE_FOLDER


class Files:
    """Answers the calls on files: reports what Landlock refuses, and opens what is the command's.

    Parameters
    ----------
    rights : Rights
        What the rules grant.
    listener : Listener
        Through which files are given.
    refuse : callable
        Reports a refusal: its kind, the name and the thread.
    """

    def __init__(self, rights: rules.Rights, listener: Listener, refuse: Refuse) -> None:
        self.rights = rights
        self._listener = listener
        self._refuse = refuse
        self._resolver = processes.Resolver()
        # Resolved paths that the command created, and what it created below them.
        self._created: set[str] = set()

    def opened(self, notice: Notice, call: str) -> bool:
        """Report the refusal of an opening; return whether the call has its answer already."""
        folder, name, flags, mode = self._opening(notice, call)
        if flags & os.O_PATH:
            return False
        path = processes.absolute(notice.thread, folder, processes.text(notice.thread, name))
        real = self._resolver.resolve(path, follow=not flags & os.O_NOFOLLOW)
        need = _needed(flags)
        try:
            found = os.lstat(real)
        except OSError:
            return bool(flags & os.O_CREAT) and self._creates(notice, path, flags, mode)
        if flags & os.O_EXCL and flags & os.O_CREAT:
            return False
        if need & rules.READ and rules.is_folder(found):
            need = need & ~rules.READ | rules.LIST
        lacking = self.rights.lacking(real, need)
        if lacking and not lacking & _NEED_CHANGE and self._is_created(real):
            return self._give(notice, path, flags, mode)
        if lacking:
            self._refused(notice, lacking, real)
        elif flags & os.O_TRUNC and flags & _WRITING:
            self._created.add(real)
        return False

    def changed(self, notice: Notice, call: str) -> None:
        """Report the refusal to create, move or remove something."""
        made = []
        for folder, name, right in _CHANGES[call]:
            real = self._path(notice, folder, name, follow=False)
            above = os.path.dirname(real)  # noqa: PTH120 - costs time
            exists = os.path.lexists(real)
            if exists != bool(right & _REMOVES) and not ("rename" in call and exists):
                return
            if not self.rights.of_folder(above) & right:
                if os.access(above, os.W_OK):
                    self._refuse("write", real, notice.thread)
                return
            made.append(real)
        if "mkdir" in call or ("rename" in call and self._is_created(made[0])):
            self._created.add(made[-1])

    def truncated(self, notice: Notice) -> None:
        """Report the refusal to shorten a file."""
        real = self._path(notice, None, 0)
        if os.access(real, os.W_OK) and self.rights.lacking(real, rules.WRITE):
            self._refuse("write", real, notice.thread)

    def executed(self, notice: Notice, call: str) -> None:
        """Report the refusal of a program, or of the interpreter of a script."""
        real = self._path(notice, *((None, 0) if call == "execve" else (0, 1)))
        need = rules.EXECUTE | rules.READ
        # The kernel follows four interpreters at most.
        for _ in range(5):
            if not os.path.isfile(real) or not os.access(real, os.X_OK):  # noqa: PTH113
                return
            if self.rights.lacking(real, need):
                self._refuse("execute", real, notice.thread)
                return
            with open(real, "rb") as script:  # noqa: PTH123
                first = script.readline(256)
            words = first[2:].split(maxsplit=1) if first.startswith(b"#!") else []
            if not words:
                return
            real = os.path.realpath(os.fsdecode(words[0]))

    def path(self, thread: int, name: str) -> str:
        """Return the resolved path that a process means by a name."""
        absolute = processes.absolute(thread, processes.CURRENT, name)
        return self._resolver.resolve(absolute)

    def _opening(self, notice: Notice, call: str) -> tuple[int, int, int, int]:
        """Return the folder, the address of the name, the flags and the mode of an opening."""
        first, second, third, fourth = notice.arguments[:4]
        if call == "open":
            return processes.CURRENT, first, second, third
        if call == "creat":
            return processes.CURRENT, first, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, second
        if call == "openat":
            return first, second, third, fourth
        flags, mode = struct.unpack("=QQ", processes.memory(notice.thread, third, 16))
        return first, second, flags, mode

    def _path(self, notice: Notice, folder: int | None, name: int, *, follow: bool = True) -> str:
        handle = processes.CURRENT if folder is None else notice.arguments[folder]
        said = processes.text(notice.thread, notice.arguments[name])
        absolute = processes.absolute(notice.thread, handle, said)
        return self._resolver.resolve(absolute, follow=follow)

    def _creates(self, notice: Notice, path: str, flags: int, mode: int) -> bool:
        real = self._resolver.resolve(path)
        above = os.path.dirname(real)  # noqa: PTH120 - costs time
        granted = self.rights.of_folder(above)
        if not granted & rules.MAKE_FILE:
            if os.path.isdir(above) and os.access(above, os.W_OK):  # noqa: PTH112
                self._refuse("write", real, notice.thread)
            return False
        self._created.add(real)
        # Landlock would create the file, and refuse to read it.
        return bool(_needed(flags) & ~granted) and self._give(notice, path, flags, mode)

    def _is_created(self, real: str) -> bool:
        while real not in self._created:
            above = os.path.dirname(real)  # noqa: PTH120 - costs time
            if above == real:
                return False
            real = above
        return True

    def _give(self, notice: Notice, path: str, flags: int, mode: int) -> bool:
        """Open a file for the command, which may do everything with its folder except read it."""
        real = os.path.realpath(path)
        if os.path.lexists(real):
            kind = os.lstat(real).st_mode
            if not self._is_created(real) or not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
                return False
        mode &= ~processes.mask_of(notice.thread)
        handle = os.open(real, flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, mode)
        try:
            if not flags & os.O_NONBLOCK:
                os.set_blocking(handle, True)
            return self._listener.give(notice, handle, close_on_exec=bool(flags & os.O_CLOEXEC))
        finally:
            os.close(handle)

    def _refused(self, notice: Notice, lacking: int, real: str) -> None:
        writes = lacking & _NEED_CHANGE
        kind = "write" if writes else "list" if lacking & rules.LIST else "read"
        # If the file's owner and mode refuse it, the seal is not the cause.
        if os.access(real, os.W_OK if writes else os.R_OK):
            self._refuse(kind, real, notice.thread)


def _needed(flags: int) -> int:
    """Return the rights that an opening needs on a file."""
    need = 0 if flags & os.O_WRONLY else rules.READ
    if flags & _WRITING:
        need |= rules.WRITE
    return need
