"""Calls from the user's code into libraries, recorded as steps."""

from __future__ import annotations

import functools
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from repro.tracing.chain import Chain
from repro.tracing.randomness import Succession
from repro.tracing.steps import Rest, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FrameType

    from repro.tracing.places import Places
    from repro.tracing.trace import Trace
    from repro.tracing.values import Digests

# Wrappers look this up by the module's name: a class that is pickled by value takes its wrapped
# methods along, so they must not refer to objects of this package.
ACTIVE: Calls | None = None

FIRST = 16
"""Number of calls of one site that are all steps; later ones are steps at powers of two."""

# Warnings and tracebacks omit frames whose file name has these words, as those of importlib.
_UNSEEN = "<repro.tracing: importlib _bootstrap>"


def unseen(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make ``warnings`` skip a function's frame.

    Otherwise a deprecation warning for the calling line would point to this package and be filtered
    differently.
    """
    code: CodeType = function.__code__
    function.__code__ = code.replace(co_filename=_UNSEEN)
    return function


def traced(original: Callable[..., Any], label: str, kind: str) -> Callable[..., Any]:
    """Wrap a function so that calls from the user's code become steps.

    Parameters
    ----------
    label : str
        Name of the function. The class of a method is taken from the object.
    kind : str
        ``method``, ``function``, ``number`` (its result is compared as numbers) or ``reader``.
    """

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        module = sys.modules.get("repro.tracing.calls")
        active = getattr(module, "ACTIVE", None)
        if active is None:
            return original(*args, **kwargs)
        return active.call(original, args, kwargs, sys._getframe(1), (label, kind))  # noqa: SLF001

    return unseen(call)


class Calls:
    """Turns calls into events.

    Parameters
    ----------
    trace : Trace
    places : Places
        Distinguishes the user's code from that of libraries, whose calls are not steps.
    digests : Digests
    """

    def __init__(self, trace: Trace, places: Places, digests: Digests) -> None:
        self.trace = trace
        self.places = places
        self.digests = digests
        self._counts: dict[tuple[str, str], int] = {}
        self._series: dict[str, Chain] = {}
        self._thread = threading.local()
        self.readers: Callable[[object], None] = lambda _: None
        self.generators = Succession()

    @unseen
    def call(
        self,
        original: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        frame: FrameType,
        what: tuple[str, str],
    ) -> Any:
        """Make a call, and record it if it comes from the user's code."""
        file = self.places.code(frame.f_code.co_filename)
        # Digesting can call traced methods, such as from a property of an object.
        if file is None or getattr(self._thread, "busy", False):
            return original(*args, **kwargs)
        step = self._begun(original, (args, kwargs), (file, frame.f_lineno), what)
        if step is None:
            return original(*args, **kwargs)
        try:
            result = original(*args, **kwargs)
        except BaseException as error:
            self._quietly(step.raised, error)
            raise
        self._quietly(step.finished, result)
        return result

    def begin(
        self,
        site: tuple[str, int],
        label: str,
        given: Callable[[], dict[str, object]],
        *,
        kind: str = "function",
    ) -> Step | None:
        """Begin a step for an adapter; return None if this call is not recorded.

        Parameters
        ----------
        given : callable
            Returns the inputs by name; not called if the call is not recorded.
        kind : str
            As in ``traced``.
        """
        step = self._counted(site, label, kind)
        found = isinstance(step, Step) and self._quietly(lambda: step.take(given()))
        return step if isinstance(step, Step) and found else None

    def finish(self, step: Step, result: object) -> None:
        """Finish a step that an adapter began."""
        self._quietly(step.finished, result)

    def named(
        self,
        site: tuple[str, int],
        label: str,
        inputs: dict[str, str],
        outputs: dict[str, str],
        **extra: object,
    ) -> None:
        """Record something that the program named, with digests that its tracker made."""
        step = self._counted(site, label, "named")
        if isinstance(step, Step):
            self._quietly(step.named, inputs, outputs, extra)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Observe neither the files nor the calls of this thread for a while."""
        before = self.is_aside()
        self._thread.aside = self._thread.busy = True
        try:
            yield
        finally:
            self._thread.aside = self._thread.busy = before

    def is_aside(self) -> bool:
        """Return whether this thread is not observed at the moment."""
        return getattr(self._thread, "aside", False)

    def _begun(
        self,
        original: Callable[..., Any],
        given: tuple[tuple[Any, ...], dict[str, Any]],
        site: tuple[str, int],
        what: tuple[str, str],
    ) -> Rest | None:
        label, kind = what
        if kind == "method":
            owner = type(given[0][0]) if given[0] else None
            if owner is None or not (hasattr(owner, "fit") or hasattr(owner, "predict")):
                return None
            label = f"{owner.__name__}.{label}"
        step = self._counted(site, label, kind)
        if not isinstance(step, Step):
            return step
        return step if self._quietly(step.begin, original, *given) else None

    def _counted(self, site: tuple[str, int], label: str, kind: str) -> Rest | None:
        place = f"{site[0]}:{site[1]}"
        count = self._counts.get((place, label), 0) + 1
        self._counts[place, label] = count
        if count > FIRST and count & (count - 1) and not self._is_child:
            return Rest(self, site, label) if kind == "number" else None
        return Step(self, site, label, kind, count)

    def _quietly(self, function: Callable[..., object], *given: object) -> bool:
        """Call a function that records; an error in it is noted and never reaches the program."""
        self._thread.busy = True
        try:
            function(*given)
        except Exception as error:
            self.trace.write("lost", what=f"{type(error).__name__}: {error}"[:200])
            return False
        finally:
            self._thread.busy = False
        return True

    _is_child = False

    def in_child(self) -> None:
        """Mark this process as a worker that does part of its parent's work.

        The system decides which worker does which part, so calls have no reproducible number, and
        none may be omitted by its number.
        """
        self._is_child = True

    def chain(self, name: str, value: float) -> None:
        """Add a value to the series of a site, unless it comes from a worker or a thread."""
        if self._is_child or threading.current_thread() is not threading.main_thread():
            return
        chain = self._series.setdefault(name, Chain())
        chain.add(value)
        if chain.length & (chain.length - 1) == 0 and chain.length > FIRST:
            self.trace.write("series", name=name, **chain.marks_now())

    def write_series(self) -> None:
        """Write the last mark of every series."""
        for name, chain in self._series.items():
            if chain.length > FIRST:
                self.trace.write("series", name=name, **chain.marks_now())
