"""Calling one function in a fresh process: ``python -m repro.tracing.calling TARGET``.

``TARGET`` is ``path/to/file.py::name``, or a file with a pickled call and the SHA-256 that it must
have, which the process that starts this one has just written.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from typing import Any

from repro.tracing import calls

PATHS = "REPRO_CALL_PATHS"
"""Variable with the folders of modules of the process that asks for the call."""


def main(words: list[str]) -> None:
    """Call the function, as a step whose result is compared."""
    here = [path for path in os.environ.get(PATHS, "").split(os.pathsep) if path]
    sys.path.extend(path for path in here if path not in sys.path)
    function, args, kwargs = _pickled(*words) if len(words) == 2 else (_found(words[0]), (), {})
    code = getattr(function, "__code__", None)
    active = calls.ACTIVE
    if active is None or code is None:
        function(*args, **kwargs)
        return
    file = active.places.code(code.co_filename) or os.path.basename(code.co_filename)
    name = f"{function.__name__} returns"
    step = active.begin((file, code.co_firstlineno), name, dict, kind="number")
    result = function(*args, **kwargs)
    if step is not None:
        active.finish(step, result)


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
