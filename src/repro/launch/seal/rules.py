"""The rights that a seal grants, by path, for Landlock and for the supervisor."""

from __future__ import annotations

import os
import stat
from typing import TypedDict

# Rights from linux/landlock.h.
EXECUTE, WRITE, READ, LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_FOLDER, REMOVE_FILE = 1 << 4, 1 << 5
MAKE_FOLDER, MAKE_FILE, MAKE_SOCKET, MAKE_PIPE, MAKE_LINK = 1 << 7, 1 << 8, 1 << 9, 1 << 10, 1 << 12
MOVE, TRUNCATE, CONTROL_DEVICE = 1 << 13, 1 << 14, 1 << 15
CHANGE = (
    REMOVE_FOLDER | REMOVE_FILE | MAKE_FOLDER | MAKE_FILE | MAKE_SOCKET | MAKE_PIPE | MAKE_LINK
    | MOVE | WRITE | TRUNCATE
)  # fmt: skip
# What a rule of a single file may contain.
OF_FILES = EXECUTE | WRITE | READ | TRUNCATE | CONTROL_DEVICE
_DEVICES = ("null", "zero", "full", "random", "urandom")


class Policy(TypedDict):
    """The paths that a command may use; folders include what is below them."""

    read: list[str]
    listed: list[str]
    write: list[str]
    execute: list[str]


def granted(policy: Policy, temporary: str) -> list[tuple[str, int]]:
    """Return the rights of each path that exists; a path can occur more than once.

    A path of ``write`` that does not exist makes the folder writable in which it is to be created.
    """
    rules = [(path, READ | LIST) for path in policy["read"]]
    rules += [(path, LIST) for path in policy["listed"]]
    rules += [(path, READ | EXECUTE) for path in policy["execute"]]
    rules += [(_existing(path), CHANGE) for path in policy["write"]]
    devices = READ | WRITE | TRUNCATE | CONTROL_DEVICE
    rules += [(f"/dev/{name}", devices) for name in _DEVICES]
    rules += [(path, READ | LIST | CHANGE) for path in ("/dev/shm", temporary)]  # noqa: S108
    return [
        (path, rights if os.path.isdir(path) else rights & OF_FILES)  # noqa: PTH112 - costs time
        for path, rights in rules
        if os.path.exists(path)  # noqa: PTH110
    ]


def _existing(path: str) -> str:
    while not os.path.exists(path):  # noqa: PTH110
        path = os.path.dirname(path)  # noqa: PTH120
    return path


class Rights:
    """The rights of a path, decided as Landlock does: by the folders above it.

    A rule belongs to the file or folder that a path leads to, not to its name.
    """

    def __init__(self, rules: list[tuple[str, int]]) -> None:
        self._rules: dict[tuple[int, int], int] = {}
        self._folders: dict[str, int] = {}
        for path, rights in rules:
            found = os.stat(path)  # noqa: PTH116
            key = found.st_dev, found.st_ino
            self._rules[key] = self._rules.get(key, 0) | rights

    def of_folder(self, folder: str) -> int:
        """Return the rights for everything below a resolved folder."""
        if folder not in self._folders:
            above = os.path.dirname(folder)  # noqa: PTH120
            inherited = self.of_folder(above) if above != folder else 0
            self._folders[folder] = inherited | self._own(folder)
        return self._folders[folder]

    def of(self, path: str) -> int:
        """Return the rights for a resolved path."""
        return self.of_folder(os.path.dirname(path)) | self._own(path)  # noqa: PTH120

    def lacking(self, path: str, need: int) -> int:
        """Return which of the needed rights a resolved path has not."""
        lacking = need & ~self.of_folder(os.path.dirname(path))  # noqa: PTH120
        return lacking and need & ~self.of(path)

    def _own(self, path: str) -> int:
        try:
            found = os.stat(path)  # noqa: PTH116
        except OSError:
            return 0
        return self._rules.get((found.st_dev, found.st_ino), 0)


def is_folder(found: os.stat_result) -> bool:
    """Return whether a file is a folder."""
    return stat.S_ISDIR(found.st_mode)
