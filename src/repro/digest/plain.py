"""Digests of plain values: records, mappings, sequences, and what JSON has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass

from pydantic import BaseModel

from repro.core.canonical import tagged_digest

Digest = Callable[[object], str]


def digest_plain(value: object, digest_part: Digest | None = None) -> str:
    """Digest a value by what it holds.

    The order of a mapping counts; in a record it does not. Numbers are as JSON has them: ``0.0``,
    ``-0.0`` and ``0`` are alike.

    Parameters
    ----------
    value : object
    digest_part : callable, optional
        Digests what a mapping, a sequence or a dataclass holds, where that need not be plain.

    Raises
    ------
    ValueError
        If JSON has no such value.
    """
    part = digest_part or digest_plain
    if isinstance(value, BaseModel):
        return tagged_digest("json", value.model_dump(mode="json"))
    if isinstance(value, Mapping):
        return _digest_parts("mapping", [str(key) for key in value], map(part, value.values()))
    if isinstance(value, list | tuple):
        return _digest_parts("sequence", [], map(part, value))
    if is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value)]
        return _digest_parts("dataclass", names, (part(getattr(value, name)) for name in names))
    return tagged_digest("json", value)


def _digest_parts(kind: str, names: list[str], digests: Iterable[str]) -> str:
    return tagged_digest(kind, [names, list(digests)])
