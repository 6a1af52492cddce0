"""What a command printed, by the JSON Schema that it names."""

from __future__ import annotations

import re

import jsonschema

from repro.app.schemas import schema_of

SCHEMA = re.compile(r"repro\.([a-z-]+)/v\d+")


def kind_of_valid(value: dict[str, object]) -> str:
    """Validate a value against the schema that it names, and return the kind."""
    kind = SCHEMA.fullmatch(str(value["schema"]))[1]
    jsonschema.validate(value, schema_of(kind))
    return kind
