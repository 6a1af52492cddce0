"""The base of every configuration and record: strict, frozen, no unknown keys."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


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
