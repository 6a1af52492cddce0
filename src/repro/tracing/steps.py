"""One recorded call: its inputs, its outputs and the generators that it drew from."""

from __future__ import annotations

import functools
import inspect
import math
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from repro.tracing.composites import parts_of
from repro.tracing.parameters import parameters_of
from repro.tracing.samples import numbers_of, sample_of, untimed

if TYPE_CHECKING:
    from collections.abc import Callable

    from repro.tracing.calls import Calls

_FITS = frozenset({"fit", "partial_fit", "fit_transform", "fit_predict"})
_PREDICTS = frozenset({"predict", "predict_proba", "predict_log_proba", "decision_function"})


class Rest:
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


class Step(Rest):
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
        self._parameters: dict[str, str] = {}

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
            if self._label.rpartition(".")[2] in _FITS:
                self._parameters = parameters_of({"self": self._owner}, digests.digest)
        if self._kind == "reader" and args:
            self._calls.readers(args[0])
        self.take(named)

    def take(self, named: dict[str, object]) -> None:
        """Digest named inputs and the states of the generators."""
        digests = self._calls.digests
        self._inputs |= {name: digests.digest(value) for name, value in named.items()}
        self._parameters |= parameters_of(named, digests.digest)
        self._sets = [n for n, value in named.items() if isinstance(value, (set, frozenset))]
        self._before, self._moved = self._calls.generators.enter()
        self._modules = len(sys.modules)

    def named(
        self, inputs: dict[str, str], outputs: dict[str, str], extra: dict[str, object]
    ) -> None:
        """Record digests that are known, and the states of the generators."""
        self._inputs |= inputs
        self._before, self._moved = self._calls.generators.enter()
        self._modules = len(sys.modules)
        self._write(outputs, extra)

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
            outputs["result"] = digests.digest(untimed(self._label, result))
        extra: dict[str, Any] = {}
        if self._kind == "number" or method == "score":
            extra["numbers"] = numbers_of(result)
            if isinstance(result, float) and math.isfinite(result) and self._kind == "number":
                super().finished(result)
        elif method in _PREDICTS and self._owner is not None:
            extra["sample"] = sample_of(result)
        self._write(outputs, extra)

    def _write(self, outputs: dict[str, str], extra: dict[str, Any]) -> None:
        moved = self._calls.generators.drawn(self._before)
        drawn = {f"generator {name}": state for name, state in moved.items()}
        thread = threading.current_thread() is threading.main_thread()
        self._calls.trace.write(
            "step",
            file=self._site[0],
            line=self._site[1],
            function=self._label,
            count=self._count,
            inputs={**self._inputs, **drawn},
            outputs=outputs,
            parameters=self._parameters,
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
