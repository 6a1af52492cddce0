"""Calls from the user's code into libraries, recorded as steps."""

from __future__ import annotations

import functools
import inspect
import math
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from repro.tracing.composites import parts_of
from repro.tracing.randomness import Succession
from repro.tracing.samples import numbers_of, sample_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

    from repro.tracing.places import Places
    from repro.tracing.trace import Trace
    from repro.tracing.values import Digests

# Wrappers look this up by the module's name: a class that is pickled by value takes its wrapped
# methods along, so they must not refer to objects of this package.
ACTIVE: Calls | None = None

FIRST = 16
"""Number of calls of one site that are all steps; later ones are steps at powers of two."""

_FITS = frozenset({"fit", "partial_fit", "fit_transform", "fit_predict"})
_PREDICTS = frozenset({"predict", "predict_proba", "predict_log_proba", "decision_function"})
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
        self._places = places
        self.digests = digests
        self._counts: dict[tuple[str, str], int] = {}
        self._series: dict[str, _Chain] = {}
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
        file = self._places.code(frame.f_code.co_filename)
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
        self, site: tuple[str, int], label: str, given: Callable[[], dict[str, object]]
    ) -> Step | None:
        """Begin a step for an adapter; return None if this call is not recorded.

        Parameters
        ----------
        given : callable
            Returns the inputs by name; not called if the call is not recorded.
        """
        step = self._counted(site, label, "function")
        found = isinstance(step, Step) and self._quietly(lambda: step.take(given()))
        return step if isinstance(step, Step) and found else None

    def finish(self, step: Step, result: object) -> None:
        """Finish a step that an adapter began."""
        self._quietly(step.finished, result)

    def _begun(
        self,
        original: Callable[..., Any],
        given: tuple[tuple[Any, ...], dict[str, Any]],
        site: tuple[str, int],
        what: tuple[str, str],
    ) -> _Rest | None:
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

    def _counted(self, site: tuple[str, int], label: str, kind: str) -> _Rest | None:
        place = f"{site[0]}:{site[1]}"
        count = self._counts.get((place, label), 0) + 1
        self._counts[place, label] = count
        if count > FIRST and count & (count - 1) and not self._is_child:
            return _Rest(self, site, label) if kind == "number" else None
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
        chain = self._series.setdefault(name, _Chain())
        chain.add(value)
        if chain.length & (chain.length - 1) == 0 and chain.length > FIRST:
            self.trace.write("series", name=name, **chain.marks_now())

    def write_series(self) -> None:
        """Write the last mark of every series."""
        for name, chain in self._series.items():
            if chain.length > FIRST:
                self.trace.write("series", name=name, **chain.marks_now())


class _Chain:
    """A digest chain over numbers, as in ``core.record.Series``."""

    def __init__(self) -> None:
        import hashlib

        self._sha256 = hashlib.sha256
        self._value = hashlib.sha256(b"repro.series/v1").digest()
        self._marks: dict[str, str] = {}
        self.length = 0

    def add(self, value: float) -> None:
        """Add one value."""
        import struct

        self._value = self._sha256(self._value + struct.pack(">d", value)).digest()
        self.length += 1
        if self.length & (self.length - 1) == 0:
            self._marks[str(self.length)] = self._value.hex()

    def marks_now(self) -> dict[str, object]:
        """Return the length and the marks so far."""
        return {
            "length": self.length,
            "marks": {**self._marks, str(self.length): self._value.hex()},
        }


class _Rest:
    """A call that is not a step: only its number is kept, in the series of its site."""

    def __init__(self, calls: Calls, site: tuple[str, int], label: str) -> None:
        self._calls = calls
        self._name = f"{site[0]} {label}"

    def raised(self, error: BaseException) -> None:
        """Record nothing."""

    def finished(self, result: object) -> None:
        """Add the result to the series."""
        if isinstance(result, float) and math.isfinite(result):
            self._calls.chain(self._name, float(result))


class Step(_Rest):
    """One recorded call."""

    def __init__(
        self, calls: Calls, site: tuple[str, int], label: str, kind: str, count: int
    ) -> None:
        super().__init__(calls, site, label)
        self._site, self._label, self._kind, self._count = site, label, kind, count
        self._inputs: dict[str, str] = {}
        self._owner: object = None
        self._sets: list[str] = []
        self._before: dict[str, str] = {}
        self._moved: list[str] = []
        self._modules = 0

    def begin(
        self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Digest the inputs."""
        digests = self._calls.digests
        named = _named(original, args, kwargs)
        if self._kind == "method":
            self._owner = args[0]
            named.pop(next(iter(named)))
            self._inputs["self"] = digests.fitted(self._owner, renew=False)
        if self._kind == "reader" and args:
            self._calls.readers(args[0])
        self.take(named)

    def take(self, named: dict[str, object]) -> None:
        """Digest named inputs and the states of the generators."""
        digests = self._calls.digests
        self._inputs |= {name: digests.digest(value) for name, value in named.items()}
        self._sets = [n for n, value in named.items() if isinstance(value, (set, frozenset))]
        self._before, self._moved = self._calls.generators.enter()
        self._modules = len(sys.modules)

    def raised(self, error: BaseException) -> None:
        """Record the type of an error."""
        self._write({"raised": type(error).__name__}, {})

    def finished(self, result: object) -> None:
        """Digest the outputs and keep the numbers in them."""
        digests, outputs = self._calls.digests, {}
        method = self._label.rpartition(".")[2]
        if self._owner is not None and method in _FITS:
            outputs["fitted"] = digests.fitted(self._owner, renew=True)
            for name, part in parts_of(self._owner):
                outputs[f"fitted.{name}"] = digests.digest(part)
        if result is not self._owner or self._owner is None:
            outputs["result"] = digests.digest(result)
        extra: dict[str, Any] = {}
        if self._kind == "number" or method == "score":
            extra["numbers"] = numbers_of(result)
            if isinstance(result, float) and math.isfinite(result) and self._kind == "number":
                super().finished(result)
        elif method in _PREDICTS and self._owner is not None:
            extra["sample"] = sample_of(result)
        self._write(outputs, extra)

    def _write(self, outputs: dict[str, str], extra: dict[str, Any]) -> None:
        after = self._calls.generators.take()
        drawn = {f"generator {n}": s for n, s in self._before.items() if after.get(n) != s}
        thread = threading.current_thread() is threading.main_thread()
        self._calls.trace.write(
            "step",
            file=self._site[0],
            line=self._site[1],
            function=self._label,
            count=self._count,
            inputs={**self._inputs, **drawn},
            outputs=outputs,
            main=thread,
            time=time.monotonic_ns(),
            sets=self._sets,
            moved=self._moved,
            imported=len(sys.modules) != self._modules,
            **extra,
        )


@functools.lru_cache(maxsize=4096)
def _signature(original: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(original)
    except (TypeError, ValueError):
        return None


def _named(
    original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, object]:
    """Map names to arguments; by position if the function has no signature."""
    signature = _signature(original)
    try:
        found = signature.bind_partial(*args, **kwargs).arguments if signature else None
    except TypeError:
        found = None
    if found is None:
        return {**{f"argument {n}": value for n, value in enumerate(args)}, **kwargs}
    return dict(found)
