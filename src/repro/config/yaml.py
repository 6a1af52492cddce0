"""A strict YAML reader that knows the line of every value.

PyYAML reads YAML 1.1: ``1e-6`` as text, ``NO`` as false, ``12:30:45`` as a number, and of two equal
keys it keeps the last. This reader resolves scalars by the core schema of YAML 1.2.2 (section 10.3)
and refuses what would be read in silence: duplicate keys, keys that are not text, anchors, tags,
NaN and infinities.
"""

from __future__ import annotations

import math
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import yaml

from repro.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str, ...]

# Canonical JSON, which keys are hashed from, holds integers up to this one exactly (RFC 8785).
_LARGEST, _DIGITS = 2**53 - 1, 20
_LONG, _PLAIN = 100, "write a plain value"
_PREFIX = "tag:yaml.org,2002:"
_CORE_SCHEMA = {
    "null": (r"~|null|Null|NULL|", "~nN"),
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
}


class _CoreLoader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


_FORMS = {kind: re.compile(pattern) for kind, (pattern, _) in _CORE_SCHEMA.items()}
for _kind, (_pattern, _first) in _CORE_SCHEMA.items():
    _CoreLoader.add_implicit_resolver(
        _PREFIX + _kind, re.compile(rf"(?:{_pattern})$"), list(_first)
    )
_CoreLoader.add_implicit_resolver(_PREFIX + "null", re.compile(r"$"), [""])


@dataclass(frozen=True)
class Leaf:
    """A value that is not a mapping with keys, and where it was written."""

    value: object
    origin: str


def read_leaves(text: str, source: str) -> dict[Path, Leaf]:
    """Read a YAML mapping into leaves, keyed by their path.

    Sequences and empty mappings are leaves: they are replaced whole, never merged.

    Raises
    ------
    ConfigError
        If the text is not YAML, is not one mapping, or holds what this reader refuses.
    """
    node = _compose(text, source)
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(f"{source}: expected a mapping of keys to values, found {_shape(node)}")
    with _limited(source):
        return dict(_Reader(source).leaves(node, ()))


def read_value(text: str, source: str) -> object:
    """Read one YAML value, such as the right-hand side of ``--set``."""
    node = _compose(text, source)
    with _limited(source):
        return None if node is None else _Reader(source).value(node, ())


class Digits(str):
    """A number as it is written, with all of its digits."""

    __slots__ = ()


def read_written(text: str, source: str) -> object:
    """Read one YAML value in which every number is a ``Digits``, whatever its size.

    Raises
    ------
    ConfigError
        If the text is not YAML, or holds what this reader refuses.
    """
    node = _compose(text, source)
    with _limited(source):
        return None if node is None else _AsWritten(source).value(node, ())


def _compose(text: str, source: str) -> yaml.Node | None:
    try:
        with _limited(source):
            return yaml.compose(text, Loader=_CoreLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{source}:{mark.line + 1}" if mark else source
        raise ConfigError(
            f"{place}: not valid YAML: {error.problem or error.context}",
            advice="check the indentation, quotes and colons on that line",
        ) from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{source}: not valid YAML: {error}") from error
    # What PyYAML raises of an escape beyond the last character, among others.
    except (OverflowError, ValueError) as error:
        raise ConfigError(f"{source}: not valid YAML: {error}") from error


@contextmanager
def _limited(source: str) -> Iterator[None]:
    try:
        yield
    except RecursionError as error:
        raise ConfigError(f"{source}: nested too deeply") from error


def _shape(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a single value"


class _Reader:
    """Turns the nodes of one document into plain values; each node at most once."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._seen: set[int] = set()

    def leaves(self, node: yaml.Node, path: Path) -> Iterator[tuple[Path, Leaf]]:
        if isinstance(node, yaml.MappingNode) and node.value:
            for key, child in self._pairs(node, path):
                yield from self.leaves(child, (*path, key))
        else:
            yield path, Leaf(self.value(node, path), self._place(node))

    def value(self, node: yaml.Node, path: Path) -> object:
        if isinstance(node, yaml.MappingNode):
            return {key: self.value(child, (*path, key)) for key, child in self._pairs(node, path)}
        self._once(node, path)
        if isinstance(node, yaml.SequenceNode):
            self._untagged(node, path, "seq")
            return [self.value(child, (*path, str(i))) for i, child in enumerate(node.value)]
        return self._scalar(node, path)

    def _pairs(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, yaml.Node]]:
        self._once(node, path)
        self._untagged(node, path, "map")
        lines: dict[str, int] = {}
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._refuse(key, path, f"a key is {_shape(key)}, not text", "write a plain name")
            if key.tag != _PREFIX + "str":
                shown = repr(key.value[:_LONG])
                self._refuse(key, path, f"the key {shown} is not text", "put it in quotes")
            if key.value in lines:
                first = lines[key.value]
                self._refuse(
                    key, path, f"duplicate key '{key.value}', first on line {first}", "keep one"
                )
            lines[key.value] = key.start_mark.line + 1
            yield key.value, child

    def _scalar(self, node: yaml.Node, path: Path) -> object:
        kind, text = node.tag.removeprefix(_PREFIX), node.value
        if kind == "str":
            return self._text(node, path)
        if kind not in _FORMS:
            self._refuse(node, path, f"the tag {node.tag} is not allowed", _PLAIN)
        if not _FORMS[kind].fullmatch(text):
            shown = repr(text[:_LONG])
            self._refuse(node, path, f"the tag {node.tag} does not fit {shown}", _PLAIN)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            return self._integer(node, path)
        return self._number(node, path)

    def _text(self, node: yaml.Node, path: Path) -> str:
        text: str = node.value
        half = next((c for c in text if "\ud800" <= c <= "\udfff"), None)
        if half is not None:
            what = f"{ascii(half)[1:-1]} is half of a character"
            self._refuse(node, path, what, "write the whole character, in UTF-8")
        return text

    def _integer(self, node: yaml.Node, path: Path) -> int:
        text = node.value
        base = 0 if text.startswith(("0o", "0x")) else 10
        if len(text) > _DIGITS or abs(int(text, base)) > _LARGEST:
            self._refuse(node, path, "the integer is too large", f"write at most {_LARGEST}")
        return int(text, base)

    def _number(self, node: yaml.Node, path: Path) -> float:
        try:
            number = float(node.value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self._refuse(
                node, path, f"{node.value} is not a finite number", "write a finite number"
            )
        return number

    def _untagged(self, node: yaml.Node, path: Path, kind: str) -> None:
        if node.tag != _PREFIX + kind:
            self._refuse(node, path, f"the tag {node.tag} is not allowed", _PLAIN)

    def _once(self, node: yaml.Node, path: Path) -> None:
        if id(node) in self._seen:
            self._refuse(node, path, "anchors and aliases are not allowed", "repeat the value")
        self._seen.add(id(node))

    def _place(self, node: yaml.Node) -> str:
        return f"{self._source}:{node.start_mark.line + 1}"

    def _refuse(self, node: yaml.Node, path: Path, what: str, advice: str) -> NoReturn:
        where = f" at '{'.'.join(path)}'" if path else ""
        raise ConfigError(f"{self._place(node)}: {what}{where}", advice=advice)


class _AsWritten(_Reader):
    """Keeps the digits of numbers."""

    def _scalar(self, node: yaml.Node, path: Path) -> object:
        if node.tag in {_PREFIX + "int", _PREFIX + "float"}:
            return Digits(node.value)
        return super()._scalar(node, path)
