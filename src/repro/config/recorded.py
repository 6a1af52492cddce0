"""Recorded configurations: read strictly, and refused beyond the work that a record may ask for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import ValidationError

from repro.config.bounds import check_bounds
from repro.config.experiment import ExperimentConfig
from repro.core.errors import SchemaError
from repro.core.jsonfile import problems_of
from repro.core.once import once

if TYPE_CHECKING:
    from collections.abc import Mapping


def parse_config(value: Mapping[str, object], where: str) -> ExperimentConfig:
    """Read a recorded configuration strictly.

    Raises
    ------
    SchemaError
        If it is not a configuration of this version.
    PreconditionError
        If it asks for more work than any honest one.
    """
    try:
        config = ExperimentConfig.model_validate_json(json.dumps(value))
    except ValueError as error:
        problems = problems_of(error) if isinstance(error, ValidationError) else error
        raise SchemaError(
            f"{where}: not a configuration that this version reads: {problems}",
            advice="use the version of repro that wrote it",
        ) from error
    check_bounds(config, where)
    return config


# For readers of many records that build nothing of it: equal configurations are one object.
read_config = once(parse_config)
