"""Places: the user's files, and names for them that do not depend on the machine."""

from __future__ import annotations

import os
import site
import sys
import tempfile

_SYSTEM = (
    "/proc/",
    "/sys/",
    "/dev/",
    "/usr/",
    "/lib/",
    "/lib64/",
    "/etc/",
    "/bin/",
    "/sbin/",
    "/run/",
)
_SITE = ("site-packages", "dist-packages")
_DEPTH = 40
# The folder of this package: in an editable installation it is in no folder of packages.
_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class Places:
    """Distinguishes the user's files from those of Python, of packages and of the system.

    Parameters
    ----------
    root : str
        Working folder of the recorded command.
    trace : str
        Folder of the traces.
    """

    def __init__(self, root: str, trace: str) -> None:
        self._root = os.path.join(root, "")
        libraries = {os.path.dirname(os.__file__), *_site_folders(), *_installed_folders(root)}
        self._foreign = tuple(os.path.join(os.path.abspath(p), "") for p in (*libraries, trace))
        self._own_prefix = tuple(
            os.path.join(prefix, "")
            for prefix in {sys.prefix, sys.exec_prefix}
            if prefix != sys.base_prefix
        )
        self._names: dict[str, str | None] = {}

    def code(self, file: str) -> str | None:
        """Return the name of a file of the user's code; None for any other code."""
        try:
            return self._names[file]
        except KeyError:
            name = self._names[file] = self._code(file)
            return name

    def site(self) -> str | None:
        """Return the nearest line of the user's code as ``file:line``; None during an import."""
        frame = sys._getframe(1)  # noqa: SLF001 - there is no other way to ask
        for _ in range(_DEPTH):
            if frame is None or (
                "importlib" in frame.f_code.co_filename
                and "tracing" not in (frame.f_code.co_filename)
            ):
                return None
            place = self.code(frame.f_code.co_filename)
            if place is not None:
                return f"{place}:{frame.f_lineno}"
            frame = frame.f_back  # type: ignore[assignment]
        return None

    def data(self, path: str) -> bool:
        """Return whether a file can be the user's: not of Python, a package or the system."""
        if self._is_foreign(path):
            return False
        return path.startswith(self._root) or not f"{path}/".startswith(_SYSTEM)

    def relative(self, path: str) -> str:
        """Return a path relative to the working folder; unchanged if it is outside."""
        return path[len(self._root) :].replace(os.sep, "/") if self.inside(path) else path

    def inside(self, path: str) -> bool:
        """Return whether a path lies in the working folder."""
        return path.startswith(self._root)

    def portable(self, text: str) -> str:
        """Replace the path of the working folder in a text, since machines differ in it."""
        return text.replace(self._root, "./") if self._root in text else text

    def _code(self, file: str) -> str | None:
        if file.startswith("<"):
            # Code from the command line or typed in. Code that libraries compile has other names.
            return file if file in {"<string>", "<stdin>"} or "ipython-input" in file else None
        path = os.path.abspath(file)
        if self._is_cell(path):
            return "cell"
        if self._is_foreign(path) or not self.data(path):
            return None
        return self.relative(path) if self.inside(path) else os.path.basename(path)

    def _is_foreign(self, path: str) -> bool:
        if path.startswith((_OWN, *self._own_prefix, *self._foreign)):
            return True
        return any(part in path for part in _SITE)

    @staticmethod
    def _is_cell(path: str) -> bool:
        """Return whether a file is a notebook cell, which ipykernel names by process."""
        return os.path.basename(os.path.dirname(path)).startswith("ipykernel_") and path.startswith(
            tempfile.gettempdir()
        )


def _site_folders() -> list[str]:
    found = list(site.getsitepackages()) if hasattr(site, "getsitepackages") else []
    return [*found, site.getusersitepackages()] if site.ENABLE_USER_SITE else found


def _installed_folders(root: str) -> list[str]:
    """Return the folders on the import path into which distributions are installed."""
    found = []
    for folder in map(os.path.abspath, sys.path):
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        if folder != os.path.abspath(root) and any(n.endswith(".dist-info") for n in names):
            found.append(folder)
    return found
