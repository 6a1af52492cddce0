"""Calling an adapter when the recorded program has imported its library, and never before."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


class Watcher:
    """A finder that calls a function with each watched module, once it has been executed.

    Parameters
    ----------
    watched : dict of str to callable
        By the name of a module.
    lost : callable
        Receives the reason why a library is not observed.
    """

    def __init__(
        self, watched: dict[str, Callable[[ModuleType], None]], lost: Callable[[str], object]
    ) -> None:
        self._watched = watched
        self._lost = lost
        self._searching: set[str] = set()

    def install(self) -> None:
        """Act on watched modules that are already loaded, and watch for the others."""
        for name in [*self._watched]:
            if name in sys.modules:
                self._act(name, sys.modules[name])
        sys.meta_path.insert(0, self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Find a watched module by the other finders, with a loader that reports its execution."""
        if name not in self._watched or name in self._searching:
            return None
        self._searching.add(name)
        try:
            found = (
                finder.find_spec(name, path, target)
                for finder in [*sys.meta_path]
                if finder is not self and hasattr(finder, "find_spec")
            )
            spec = next((each for each in found if each is not None), None)
        finally:
            self._searching.discard(name)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            loader: Any = _Loader(spec.loader, self._act)
            spec.loader = loader
        return spec

    def _act(self, name: str, module: ModuleType) -> None:
        act = self._watched.pop(name, None)
        try:
            if act is not None:
                act(module)
        except Exception as error:
            self._lost(f"{name}: {type(error).__name__}: {error}")


class _Loader:
    """A loader that executes a module, acts on it, and leaves the original loader in place."""

    def __init__(self, loader: Any, act: Callable[[str, ModuleType], None]) -> None:
        self._loader = loader
        self._act = act

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: Any) -> Any:
        """Create the module as its own loader does."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module, then act on it."""
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._act(module.__name__, module)
