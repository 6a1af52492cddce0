"""Classes that fit or predict, wrapped when they are created; no list of classes is needed."""

from __future__ import annotations

import builtins
from types import FunctionType
from typing import Any

from repro.tracing.calls import traced, unseen

METHODS = (
    "fit", "partial_fit", "fit_transform", "fit_predict", "transform", "inverse_transform",
    "predict", "predict_proba", "predict_log_proba", "decision_function", "score",
)  # fmt: skip


def watch_classes() -> None:
    """Wrap the methods of every class that is created from now on."""
    original = builtins.__build_class__

    def build(*_given: Any, **_named: Any) -> Any:
        """Make a class, and wrap its methods."""
        made = original(*_given, **_named)
        try:
            wrap(made)
        except Exception:
            return made
        return made

    # Libraries that look for the scope of a class must see the frame of a module.
    unseen(build)
    build.__code__ = build.__code__.replace(co_name="<module>")
    builtins.__build_class__ = build


def wrap(made: Any) -> None:
    """Wrap the methods that a class defines in its own body."""
    for name in METHODS:
        own = made.__dict__.get(name)
        if isinstance(own, FunctionType):
            setattr(made, name, traced(own, name, "method"))
        elif own is not None and isinstance(getattr(own, "fn", None), FunctionType):
            # A method of scikit-learn that exists only if the inner estimator has it.
            own.fn = traced(own.fn, name, "method")
