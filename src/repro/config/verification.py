"""The comparison of two records, and the limits at which the metrics of replicates drift."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from repro.config.training import Fraction, NonNegative, Positive
from repro.core.model import Later, Record

# Absolute and relative together; at 1 it would accept any accuracy.
Limit = Annotated[float, Field(ge=0, lt=1)]


class ToleranceSettings(Record):
    """``|actual - expected| <= absolute + relative * |expected|``.

    Attributes
    ----------
    metrics, families : dict of str to float, or None
        Instead, for a metric, and for everything that the model of a family gives. A metric's own
        counts before that of a family.
    """

    absolute: NonNegative
    relative: NonNegative
    metrics: dict[str, Limit] | None = Later
    families: dict[str, Limit] | None = Later


class Automatic(Record):
    """The rules by which ``--tolerance auto`` uses a measured spread.

    Attributes
    ----------
    factor : float
        Times the spread, for other code paths of one architecture.
    unstable : float
        A greater spread is a finding about the model, and never a tolerance.
    architectures : dict of str to float
        The least tolerance between architectures, by family; ``default`` for all others.
    """

    factor: Annotated[float, Field(ge=1)]
    unstable: Fraction
    architectures: dict[str, Limit]

    @model_validator(mode="after")
    def _has_a_default(self) -> Automatic:
        if "default" not in self.architectures:
            raise ValueError("'architectures' needs a 'default', for the families not named")
        return self


class Sample(Record):
    """The predictions that a reference carries."""

    size: Annotated[int, Field(ge=1, le=256)]
    boundary: Annotated[int, Field(ge=1, le=256)]


class VerificationSettings(Record):
    """The comparison of two records."""

    mode: Literal["strict", "relaxed", "legacy"]
    tolerance: ToleranceSettings
    sample: Sample
    auto: Automatic | None = Later


class Stability(Record):
    """The limits of drift among replicates: spread over the width of the bootstrap interval."""

    drifting: Positive
    diverged: Positive

    @model_validator(mode="after")
    def _bands_are_in_order(self) -> Stability:
        if self.drifting >= self.diverged:
            raise ValueError("'drifting' must be below 'diverged'")
        return self
