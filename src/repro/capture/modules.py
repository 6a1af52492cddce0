"""The modules of this process: their files, and which of them an estimator can reach."""

from __future__ import annotations

import ast
import os
import site
import sys
import sysconfig
import warnings
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# What Python imports before anything else, if it exists.
STARTERS = ("sitecustomize", "usercustomize")
_SITE = {"site-packages", "dist-packages"}
_ZIP = f"python{sys.version_info.major}{sys.version_info.minor}.zip"

_reported: dict[str, set[tuple[str, str]]] = {}


def loaded_modules() -> dict[str, str]:
    """Return the file of every loaded module; of one in an archive, the archive.

    Modules that are built in have none, nor have namespace packages. What Python runs at its start
    counts where it has hidden its own module again.
    """
    return {name: file for name, file in _named() if os.path.isfile(file)}  # noqa: PTH113 - many


def _named() -> Iterator[tuple[str, str]]:
    """Yield every loaded module that names a file, and this file, which may be absent."""
    found = {name: _file(module) for name, module in list(sys.modules.items())}
    if not sys.flags.no_site:
        for name in STARTERS:
            found[name] = found.get(name) or _located(name)
    for name, file in found.items():
        if file:
            yield name, file


def report_new(token: str) -> tuple[tuple[str, str], ...]:
    """Return the modules, with their files, that this process has loaded since the last report.

    Parameters
    ----------
    token : str
        Of the training that is reported to: a new one gets all modules again.
    """
    if token not in _reported:
        _reported.clear()
    seen = _reported.setdefault(token, set())
    # Files are asked for only once: this is done after every task.
    new = {(name, file) for name, file in set(_named()) - seen if Path(file).is_file()}
    seen |= new
    return tuple(sorted(new))


def is_standard(name: str, file: str) -> bool:
    """Return whether a module is of Python's own library."""
    top = name.partition(".")[0]
    if top not in sys.stdlib_module_names and not top.startswith("_sysconfigdata"):
        return False
    for root in _standard_folders():
        if file.startswith(root + os.sep):
            return not _SITE & set(Path(file[len(root) :]).parts)
    return os.path.basename(file) == _ZIP  # noqa: PTH119 - a thousand paths are slow


def start_files() -> tuple[str, ...]:
    """Return the ``.pth`` files with code that Python ran when it started."""
    if sys.flags.no_site:
        return ()
    folders = dict.fromkeys(
        path for path in (*site.getsitepackages(), site.getusersitepackages()) if path in sys.path
    )
    files = (file for folder in folders for file in sorted(Path(folder).glob("*.pth")))
    return tuple(str(file) for file in files if _runs_code(file))


def reachable(
    starts: Iterable[str], is_end: Callable[[str], bool], is_own: Callable[[str], bool]
) -> set[str]:
    """Return the loaded modules that some modules reach through what they have imported.

    Parameters
    ----------
    starts : iterable of str
        Names of modules; those that are not loaded are passed over.
    is_end : callable
        Whether a module is not looked at, nor what it imports.
    is_own : callable
        Whether a module's source is read too, for what is imported in the body of a function. The
        source of a large package takes too long.
    """
    found: set[str] = set()
    pending = [name for start in starts for name in _with_parents(start)]
    while pending:
        name = pending.pop()
        module = sys.modules.get(name)
        if name in found or module is None or name in sys.builtin_module_names:
            continue
        if is_end(name):
            continue
        found.add(name)
        with warnings.catch_warnings(action="ignore"):  # names that a library deprecates
            imported = [*_imports(module), *(_written_imports(module) if is_own(name) else ())]
        pending += [each for other in imported for each in _with_parents(other)]
    return found


def modules_of_class(module: str, name: str) -> set[str]:
    """Return the modules of a class and of the classes it derives from, where they are loaded."""
    kind = namespace(sys.modules.get(module)).get(name)
    bases = kind.__mro__ if isinstance(kind, type) else ()
    return {module, *(base.__module__ for base in bases)}


def namespace(module: object) -> dict[str, Any]:
    """Return the names of a module; a lazy one is not made to load by it."""
    try:
        found = object.__getattribute__(module, "__dict__")
    except AttributeError:
        return {}
    return found if isinstance(found, dict) else {}


def _file(module: object) -> str:
    names = namespace(module)
    archive = getattr(names.get("__loader__"), "archive", None)
    spec = names.get("__spec__")
    origin = spec.origin if spec is not None and getattr(spec, "has_location", False) else None
    file = archive or names.get("__file__") or origin
    return os.path.abspath(file) if isinstance(file, str) else ""  # noqa: PTH100 - fast


def _located(name: str) -> str:
    """Find a module that Python imported at its start, where it started to look."""
    if name == "usercustomize" and not site.ENABLE_USER_SITE:
        return ""
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    folders = [*filter(None, given), *_standard_folders(), *site.getsitepackages()]
    spec = PathFinder.find_spec(name, folders)
    return (spec.origin or "") if spec is not None and spec.has_location else ""


def _runs_code(file: Path) -> bool:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.startswith(("import ", "import\t")) for line in lines)


@cache
def _standard_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    folders = {os.path.abspath(paths[key]) for key in ("stdlib", "platstdlib")}  # noqa: PTH100
    dynamic = sysconfig.get_config_var("DESTSHARED")
    if isinstance(dynamic, str):
        folders.add(dynamic)
    return tuple(folders | set(map(os.path.realpath, folders)))


def _with_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _imports(module: object) -> Iterator[str]:
    for value in list(namespace(module).values()):
        if isinstance(value, ModuleType):
            named = namespace(value).get("__name__")
        elif isinstance(value, type | FunctionType | BuiltinFunctionType):
            named = value.__module__
        else:
            named = type(value).__module__
        if isinstance(named, str):
            yield named


def _written_imports(module: object) -> Iterator[str]:
    """Give what the source imports anywhere, such as in the body of a function."""
    file = _file(module)
    if not file.endswith(".py"):
        return
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    package = str(namespace(module).get("__package__") or "")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    kept = parts[: len(parts) - node.level + 1]
    return ".".join([*kept, *([node.module] if node.module else [])])
