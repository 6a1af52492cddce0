"""The base of every configuration and record: strict, frozen, no unknown keys."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


def _is_none(value: object) -> bool:
    return value is None


# The default of a field that a schema gained after records of it were written: such a record reads
# as None, and None is not written, so that the record keeps its bytes and its digest.
Later: Any = Field(default=None, exclude_if=_is_none)


class Record(BaseModel):
    """A frozen value that is read strictly: no coercion, no unknown key, no NaN."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        populate_by_name=True,
        # Validators are built when a model is first used: a command uses few of them.
        defer_build=True,
    )
