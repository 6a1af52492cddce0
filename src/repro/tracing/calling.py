"""Calling one function in a fresh process: ``python -m repro.tracing.calling TARGET``.

``TARGET`` is ``path/to/file.py::name``, or a file with a pickled call and the SHA-256 that it must
have, which the process that starts this one has just written.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import inspect
import os
import sys
from typing import Any

from repro.tracing import calls
from repro.tracing.values import SKIPPED

PATHS = "REPRO_CALL_PATHS"
"""Variable with the folders of modules of the process that asks for the call."""


def main(words: list[str]) -> None:
    """Call the function, as a step whose result is compared."""
    here = [path for path in os.environ.get(PATHS, "").split(os.pathsep) if path]
    sys.path.extend(path for path in here if path not in sys.path)
    function, args, kwargs = _pickled(*words) if len(words) == 2 else (_found(words[0]), (), {})
    active = calls.ACTIVE
    if active is None:
        _result(function, args, kwargs)
        return
    site, code = ("elsewhere", 0), _code(function)
    if code is not None:
        file = active.places.code(code.co_filename) or os.path.basename(code.co_filename)
        site = file, code.co_firstlineno
    name = getattr(function, "__name__", type(function).__name__)
    name = f"{name} returns"
    step = active.begin(site, name, dict, kind="number")
    result = _result(function, args, kwargs)
    if step is not None:
        active.finish(step, result)
    if active.digests.digest(result).startswith(SKIPPED):
        kind = type(result).__name__
        raise SystemExit(f"{name} {kind}, which has no digest: return what can be compared")


def _code(function: Any) -> Any:
    """Return the code that a user wrote of what can be called; None for code in C."""
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    if not hasattr(function, "__code__"):
        function = vars(type(function)).get("__call__")
    return getattr(function, "__code__", None)


def _result(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function; what a generator yields is its result."""
    result = function(*args, **kwargs)
    if inspect.iscoroutine(result):
        result.close()
        raise SystemExit("a coroutine runs nothing: give a function that runs it by asyncio.run")
    return list(result) if inspect.isgenerator(result) else result


def _found(target: str) -> Any:
    path, _, name = target.rpartition("::")
    folder, file = os.path.split(os.path.abspath(path))
    module = file.removesuffix(".py")
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        module = f"{package}.{module}"
    sys.path.insert(0, folder)
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _pickled(path: str, sha256: str) -> Any:
    with open(path, "rb") as file:
        content = file.read()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise SystemExit("the pickled call is not the one that was written")
    # Imported when used: a function that is named needs no library for it.
    import pickle

    return pickle.loads(content)  # noqa: S301 - written by the process that starts this one


if __name__ == "__main__":
    main(sys.argv[1:])
