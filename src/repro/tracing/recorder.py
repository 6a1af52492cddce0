"""The interface for adapters: everything that the adapter of a library may do."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from repro.tracing import calls
from repro.tracing.calls import traced
from repro.tracing.values import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from repro.tracing.files import Files
    from repro.tracing.places import Places
    from repro.tracing.steps import Step
    from repro.tracing.trace import Trace
    from repro.tracing.values import Digests


class Recorder:
    """The second argument of an adapter: ``adapt(module, recorder)``."""

    def __init__(self, trace: Trace, places: Places, files: Files, digests: Digests) -> None:
        self._trace = trace
        self._places = places
        self._files = files
        self._digests = digests

    def read(self, path: object) -> None:
        """Note a file that a library is about to read without an audit event."""
        self._files.note_read(path)

    def dump(self, value: object, path: object) -> None:
        """Note an object that is about to be written to a file."""
        name = os.path.abspath(os.fsdecode(path))  # type: ignore[arg-type]
        if self._places.data(name):
            self._trace.write("dump", path=name, digest=self._digests.digest(value))

    def digest(self, value: object) -> str:
        """Digest a value; a value without a digest becomes a typed skip."""
        return self._digests.digest(value)

    def number(self, name: str, value: object, place: int | None = None) -> None:
        """Note a number that the program logs; one of NumPy or PyTorch counts too."""
        if not isinstance(value, (int, float)) and getattr(value, "shape", None) == ():
            value = value.item()  # type: ignore[attr-defined]
        if isinstance(value, (int, float)):
            self.note("logged", name=name, value=float(value), place=place)

    def wrap(self, module: Any, names: Iterable[str], kind: str) -> None:
        """Make calls of a module's functions steps.

        Parameters
        ----------
        kind : str
            ``function``, ``number`` or ``reader``, as in ``calls.traced``.
        """
        for name in names:
            original = getattr(module, name, None)
            if callable(original) and not isinstance(original, type):
                wrapper = traced(original, name, kind)
                # Pickle stores this name, and other processes find the function by it.
                wrapper.__module__, wrapper.__qualname__ = module.__name__, name
                setattr(module, name, wrapper)

    def around(self, module: Any, name: str, before: Callable[..., object]) -> None:
        """Call ``before`` with the arguments of each call of a module's function."""
        original = getattr(module, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            # Ended before the call, so that no error of the call has one of these as its context.
            with suppress(Exception):
                before(*args, **kwargs)
            return original(*args, **kwargs)

        for attribute in ("__name__", "__qualname__", "__module__", "__doc__"):
            if hasattr(original, attribute):
                setattr(call, attribute, getattr(original, attribute))
        setattr(module, name, call)

    def begin(self, label: str, given: Callable[[], dict[str, object]]) -> Step | None:
        """Begin a step at the nearest line of the user's code; return None if it is not recorded.

        Parameters
        ----------
        given : callable
            Returns the inputs by name; called only if the step is recorded.
        """
        site = self.site()
        active = calls.ACTIVE
        if site is None or active is None:
            return None
        file, _, line = site.rpartition(":")
        return active.begin((file, int(line)), label, given)

    def finish(self, step: Step | None, result: object) -> None:
        """Finish a step with its result."""
        if step is not None and calls.ACTIVE is not None:
            calls.ACTIVE.finish(step, result)

    def note(self, event: str, **fields: object) -> None:
        """Write an event with the line of the user's code that led to it, if any."""
        if calls.ACTIVE is None or not calls.ACTIVE.is_aside():
            self._trace.write(event, site=self.site(), **fields)

    def site(self) -> str | None:
        """Return the nearest line of the user's code as ``file:line``; None during an import."""
        return self._places.site()

    @staticmethod
    def digest_with(kind: str, function: Callable[[Any, Callable[[object], str]], str]) -> None:
        """Digest objects of a class (``package.Class``) by a function.

        The function receives the object and a function that digests a part of it.
        """
        KINDS[kind] = function
