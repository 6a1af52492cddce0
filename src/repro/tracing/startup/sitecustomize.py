"""Start tracing in a Python that a recorded command started; needs only the standard library."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType


def _start() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    # The recorded program must not see this folder, and its own sitecustomize must be found.
    sys.path[:] = [p for p in sys.path if os.path.abspath(p or os.curdir) != here]
    folder = os.environ.get("REPRO_TRACE")
    if folder:
        source = os.path.dirname(os.path.dirname(os.path.dirname(here)))
        try:
            from importlib.machinery import PathFinder

            class OwnFinder:
                """Finds this package if the interpreter does not have it installed."""

                @staticmethod
                def find_spec(name: str, path: object = None, target: object = None) -> object:
                    """Return the spec of the package that records."""
                    if name == "repro":
                        return PathFinder.find_spec(name, [source])
                    return None

            sys.meta_path.append(OwnFinder())  # type: ignore[arg-type]
            from repro.tracing.bootstrap import start

            start(folder)
        except Exception as error:  # the program continues, and the record has the reason
            with open(os.path.join(folder, "%d.broken" % os.getpid()), "w") as file:
                file.write("%s: %s" % (type(error).__name__, error))
    _next(sys.modules.pop("sitecustomize", None))


def _next(own: ModuleType | None) -> None:
    """Run the sitecustomize that the interpreter would have run."""
    try:
        __import__("sitecustomize")
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
        if own is not None:
            sys.modules["sitecustomize"] = own


_start()
