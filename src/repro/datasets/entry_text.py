"""An entry of the registry as the YAML that is written for it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from repro.config.tables import LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from repro.config.data import DatasetEntry, TableSource

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*")
# What YAML 1.1 reads as no text is quoted, too: other programs may read the file.
_RESERVED = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
_WIDTH = 100


def entry_text(name: str, entry: DatasetEntry, source: TableSource, remarks: Sequence[str]) -> str:
    """Write an entry of the registry, with remarks as comments."""
    lines = [
        f"  {name}:",
        f"    description: {_scalar(entry.description)}",
        *_mapping("    source:", _ordered(source.model_dump(mode="json"))),
        f'    sha256: "{entry.sha256}"',
        f"    target: {_scalar(entry.target)}",
        f"    positive: {'null' if entry.positive is None else _scalar(entry.positive)}",
        *(f"    # {_printable(remark)}" for remark in remarks),
        "    columns:",
        *_list("      numeric:", entry.columns.numeric),
        *_list("      categorical:", entry.columns.categorical),
        *_list("      ignored:", entry.columns.ignored),
        *_missing_lines(entry),
        f"    licence: {_scalar(entry.licence)}",
        f"    origin: {_scalar(entry.origin)}",
        *_target_lines(entry),
    ]
    return "\n".join(lines) + "\n"


def _target_lines(entry: DatasetEntry) -> list[str]:
    if not entry.targets:
        return []
    each = []
    for name, target in entry.targets.items():
        each += [f"      {_scalar(name)}:", f"        task: {target.task}"]
        if target.positive is not None:
            each.append(f"        positive: {_scalar(target.positive)}")
    return ["    targets:", *each]


def _ordered(source: Mapping[str, Any]) -> dict[str, Any]:
    """Put what the source is before how it is written."""
    layouts = LAYOUTS.values()
    return dict(sorted(source.items(), key=lambda item: item[0] in layouts))


def _missing_lines(entry: DatasetEntry) -> list[str]:
    if not isinstance(entry.missing, dict):
        return _list("    missing:", entry.missing)
    each = [_list(f"      {_scalar(n)}:", marks) for n, marks in entry.missing.items()]
    return ["    missing:", *(line for lines in each for line in lines)]


def _mapping(key: str, values: Mapping[str, Any]) -> list[str]:
    """Write a mapping in one line if it fits, otherwise with a line for each key."""
    line = f"{key} {_inline(values)}"
    if len(line) <= _WIDTH:
        return [line]
    indent = " " * (len(key) - len(key.lstrip()) + 2)
    lines = [key]
    for name, value in values.items():
        if isinstance(value, dict):
            lines += _mapping(f"{indent}{_scalar(name)}:", value)
        elif isinstance(value, list):
            lines += [f"{indent}{_scalar(name)}:", *(f"{indent}  - {_inline(v)}" for v in value)]
        else:
            lines.append(f"{indent}{_scalar(name)}: {_inline(value)}")
    return lines


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(k)}: {_inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return _scalar(value) if isinstance(value, str) else json.dumps(value)


def _list(key: str, values: Sequence[str]) -> list[str]:
    items = list(map(_scalar, values))
    line = f"{key} [{', '.join(items)}]"
    if len(line) <= _WIDTH:
        return [line]
    indent = " " * (len(key) - len(key.lstrip()) + 2)
    return [key, *(f"{indent}- {item}" for item in items)]


def _scalar(text: str) -> str:
    """Write text so that YAML 1.2 reads the same text back."""
    if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    return _printable(json.dumps(text, ensure_ascii=False))


def _printable(text: str) -> str:
    """Escape what a YAML stream may not hold as it is."""
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)
