"""Changes to parsed values, by hypothesis: a file that is well-formed and says something else."""

from __future__ import annotations

import contextlib
import copy
import functools
import json
import math
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Path = tuple[Any, ...]

DEEP: Any = functools.reduce(lambda inner, _: [inner], range(300), 0)
ODD = (
    *(0, 1, 1.0, -1, 0.0, -0.0, 0.5, True, False, None, "", " ", "1", "1.0", "true", "null", "nan"),
    *(2**53 - 1, 2**53, -(2**63), 10**400, 1e308, -1e308, 5e-324, 1e-12, math.nan, math.inf),
    *([], {}, [[]], [None], {"": None}, DEEP, {"class": "os:system", "params": {}}),
    *("a" * 100_000, "\0", "a\nb", "\x1b[31m", "\u202e", "\U0001f600" * 9, "é", "e\u0301", "\x85"),
    *("../../x", "C:/x", "\\\\host\\share", "/dev/zero", "lineage.json", "os:system", "a.b.c"),
    *("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2026-02-30", "strict/v1:0"),
)
FREE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=6,
)


class Text(str):
    """A text that hypothesis does not print whole."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Text of {len(self)}"


def shapes_of(tree: object) -> dict[Path, list[Path]]:
    """Group the places of a tree by their keys: one of a thousand rows counts as one of a name."""
    found: dict[Path, list[Path]] = {}
    for path in _paths(tree, ()):
        shape = tuple(part if isinstance(part, str) else "*" for part in path)
        found.setdefault(shape, []).append(path)
    return found


def _paths(value: object, path: Path) -> Iterator[Path]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _paths(child, (*path, key))
    elif isinstance(value, list):
        for position, child in enumerate(value):
            yield from _paths(child, (*path, position))


@functools.cache
def _places(text: str) -> tuple[tuple[Path, ...], ...]:
    return tuple(map(tuple, shapes_of(json.loads(text)).values()))


@st.composite
def changed(draw: st.DrawFn, text: str) -> Any:
    """Return the value of a JSON text, changed in one to three places."""
    tree, places = json.loads(text), _places(text)
    for _ in range(draw(st.sampled_from((1, 1, 2, 3)))):
        *above, last = draw(st.sampled_from(draw(st.sampled_from(places))))
        # An earlier change may have taken the place away.
        with contextlib.suppress(LookupError, TypeError, AttributeError):
            parent = functools.reduce(lambda value, part: value[part], above, tree)
            draw(st.sampled_from(_CHANGES))(parent, last, draw)
    return tree


def _replace(parent: Any, key: Any, draw: st.DrawFn) -> None:
    # A copy: what is put into a tree is changed with it.
    parent[key] = copy.deepcopy(draw(st.sampled_from(ODD)))


def _free(parent: Any, key: Any, draw: st.DrawFn) -> None:
    parent[key] = draw(FREE)


def _nudge(parent: Any, key: Any, draw: st.DrawFn) -> None:
    """Change a value so little that only a comparison of the value itself shows it."""
    value = parent[key]
    if isinstance(value, bool):
        parent[key] = not value
    elif isinstance(value, int):
        parent[key] = draw(st.sampled_from((value + 1, value - 1, -value, value * 2)))
    elif isinstance(value, float) and math.isfinite(value):
        near = (math.nextafter(value, math.inf), math.nextafter(value, -math.inf), -value)
        parent[key] = draw(st.sampled_from((*near, value * (1 + 1e-9), value / 2)))
    elif isinstance(value, str):
        last = chr(ord(value[-1]) ^ 1) if value else "x"
        same = (value[:-1] + last, value + " ", value.swapcase(), value[:-1])
        parent[key] = draw(st.sampled_from(same))
    else:
        _shuffle(parent, key, draw)


def _retype(parent: Any, key: Any, draw: st.DrawFn) -> None:
    """Give a value a type that some readers take for the same."""
    value = parent[key]
    others: list[Any] = [str(value), [value], {"0": value}]
    if isinstance(value, int | float):
        others += [value == 1, str(value).lower()]
        with contextlib.suppress(OverflowError, ValueError):
            others += [int(value), float(value)]
    if isinstance(value, list):
        others += [dict(enumerate(value))]
    parent[key] = draw(st.sampled_from(others))


def _shuffle(parent: Any, key: Any, draw: st.DrawFn) -> None:
    value = parent[key]
    if isinstance(value, list):
        parent[key] = value[::-1] if draw(st.booleans()) else value[1:] + value[:1]
    elif isinstance(value, dict):
        parent[key] = dict(reversed(value.items()))


def _delete(parent: Any, key: Any, draw: st.DrawFn) -> None:
    del parent[key]


def _rename(parent: Any, key: Any, draw: st.DrawFn) -> None:
    if isinstance(parent, dict):
        names = ("", "schema", "class", f"{key} ", str(key).upper(), "a" * 10_000, "\x1b[31m", "0")
        parent[draw(st.sampled_from(names))] = parent.pop(key)


def _swap(parent: Any, key: Any, draw: st.DrawFn) -> None:
    keys = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
    other = draw(st.sampled_from(keys))
    parent[key], parent[other] = parent[other], parent[key]


def _repeat(parent: Any, key: Any, draw: st.DrawFn) -> None:
    times = draw(st.sampled_from((1, 1, 2, 300)))
    if isinstance(parent, list):
        parent[key:key] = [copy.deepcopy(parent[key]) for _ in range(times)]
    else:
        parent |= {f"{key}{number}": copy.deepcopy(parent[key]) for number in range(times)}


# The first ones leave most files readable: what comes after the schema is reached by them alone.
_CHANGES: tuple[Callable[[Any, Any, st.DrawFn], None], ...] = (
    *(_nudge, _nudge, _nudge, _nudge, _nudge, _nudge, _shuffle, _swap),
    *(_replace, _free, _retype, _delete, _rename, _repeat),
)
