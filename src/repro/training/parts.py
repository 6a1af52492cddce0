"""The fitted parts of something that is made of several, each with a digest of its own."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from repro.core.canonical import tagged_digest
from repro.digest.artefact import digest_artefact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sklearn.base import BaseEstimator

# Of an ensemble of very many members, the name of one explains no more than the whole.
_MOST = 64
_LAST = "final_estimator_"


@dataclass(frozen=True)
class Parts:
    """Digests by the names of parts, in order. A step records each as an output of its own."""

    digests: Mapping[str, str]

    @classmethod
    def of(cls, parts: Iterable[tuple[str, object]]) -> Parts:
        """Digest fitted parts."""
        return cls({name: digest_artefact(part) for name, part in parts})


digest_artefact.register(Parts, lambda parts: tagged_digest("json", dict(parts.digests)))


def fitted_parts(estimator: BaseEstimator) -> Parts:
    """Digest the fitted parts of an estimator that was made of several, at every depth."""
    return Parts.of(islice(_parts("", estimator), _MOST))


def _parts(start: str, whole: Any) -> Iterator[tuple[str, object]]:
    if not _is_composed(whole):
        return
    held = vars(whole)
    # The same members once more, without their names.
    named = {"estimators_"} if "named_estimators_" in held else set()
    # Stacking makes the last estimator first, which learns from what all others predict.
    for attribute in sorted(held, key=_LAST.__eq__):
        value = held[attribute]
        if (attribute.endswith("_") or attribute == "steps") and attribute not in named:
            for name, part in _members(attribute.removesuffix("_"), value):
                yield f"{start}{name}", part
                yield from _parts(f"{start}{name}/", part)


def _is_composed(whole: Any) -> bool:
    """Return whether an estimator was given others, alone or in a list."""
    if not hasattr(whole, "get_params") or not hasattr(whole, "__dict__"):
        return False
    return any(map(_holds_estimator, whole.get_params(deep=False).values()))


def _holds_estimator(value: object) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_holds_estimator, value))
    return hasattr(value, "get_params") and not isinstance(value, type)


def _members(attribute: str, value: Any) -> Iterator[tuple[str, object]]:
    """Yield name and value of each fitted estimator that an attribute holds."""
    if isinstance(value, dict):
        value = list(value.items())
    if not isinstance(value, list | tuple):
        if _has_fit(value):
            yield attribute, value
        return
    for position, member in enumerate(value):
        if isinstance(member, tuple) and isinstance(member[0], str) and _has_fit(member[1]):
            yield member[0], member[1]
        elif hasattr(member, "calibrators"):
            # Calibration keeps an estimator and its calibrators in an object that is neither.
            yield f"{attribute}/{position}/estimator", member.estimator
            yield from _members(f"{attribute}/{position}/calibrators", member.calibrators)
        elif _has_fit(member):
            yield f"{attribute}/{position}", member


def _has_fit(value: object) -> bool:
    return hasattr(value, "fit") and not isinstance(value, type)
