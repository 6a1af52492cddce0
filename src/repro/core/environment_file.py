"""``environment.json`` of a run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from repro.core.environment import Environment, Host
from repro.core.model import Later, Record


class EnvironmentFile(Record):
    """``environment.json``: the environment, and what differs from run to run by nature.

    Attributes
    ----------
    resumed : dict of str to int, or None
        The step that each fit was continued from, by the identity of the fit; None of a training
        that was not interrupted.
    resumed_trials : int or None
        How many fits of a search an interrupted training had done before; None without any.
    """

    schema_: Literal["repro.environment/v1"] = Field(alias="schema")
    environment: Environment
    host: Host
    started: str
    finished: str
    seconds: float
    resumed: dict[str, int] | None = Later
    resumed_trials: int | None = Later
