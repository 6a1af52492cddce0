"""Comments of a registry entry that is written again: those of lines that stay, stay."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from repro.datasets.guessing.remarks import is_remark

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# The keys, and the items of lists, that lead to a value.
_Place = tuple[str, ...]
_END: _Place = ()


@dataclass
class _Commented:
    """The comments of an entry.

    Attributes
    ----------
    above : dict of tuple to list of str
        Whole lines, by the place of the line that follows them; those after the last line by ().
    beside : dict of tuple to str
        Comments behind a value, by its place.
    """

    above: dict[_Place, list[str]] = field(default_factory=lambda: defaultdict(list))
    beside: dict[_Place, str] = field(default_factory=dict)

    def taken(self, places: Sequence[_Place], own: Sequence[_Place]) -> tuple[list[str], str]:
        """Take out the comments of places in one line: those above it, and the one beside it.

        An item that has no line of its own any more is named in its comment.
        """
        above: list[str] = []
        beside = ""
        for place in places:
            above += self.above.pop(place, ())
            said = self.beside.pop(place, "")
            if said and place not in own:
                above.append(f"# {place[-1].removeprefix('- ')}: {said.lstrip('# ')}")
            else:
                beside = said or beside
        return above, beside


def keep_comments(old: str, new: str) -> tuple[str, tuple[str, ...]]:
    """Return an entry with the comments of the one that it replaces.

    A comment stays with its line: the new entry has the same key, or item of a list, with the same
    value. The remarks that ``data add`` wrote itself are left out, since it writes new ones.

    Parameters
    ----------
    old, new : str
        Lines of YAML that are one entry each, of the same name.

    Returns
    -------
    text : str
    lost : tuple of str
        The comments whose lines are gone or have a different value.
    """
    before, after = _nodes(old), _nodes(new)
    found = _comments(old.splitlines(), _places(before), _ends(old))
    stays = {place for place in before if place in after and _same(before[place], after[place])}
    lines = new.splitlines()
    known = {line.strip() for line in lines}
    kept: list[str] = []
    for number, line in enumerate(lines):
        places = [place for place, (where, _) in after.items() if where == number]
        above, beside = found.taken([place for place in places if place in stays], places[:1])
        indent = " " * (len(line) - len(line.lstrip()))
        kept += [indent + each for each in above if each not in known]
        kept.append(f"{line}  {beside}" if beside else line)
    kept += [f"    {each}" for each in found.above.pop(_END, ())]
    lost = [each for lines in found.above.values() for each in lines] + [*found.beside.values()]
    return "\n".join(kept) + "\n", tuple(each for each in lost if each not in known)


def _comments(lines: Sequence[str], places: dict[int, _Place], ends: dict[int, int]) -> _Commented:
    """Collect the comments of people, without those that are drafted."""
    found, waiting = _Commented(), list[str]()
    for number, line in enumerate(lines):
        if number in ends:
            place = places.get(number)
            rest = line[ends[number] :].lstrip("+-0123456789 ").rstrip()
            if place is not None:
                found.above[place] += waiting
                waiting = []
                if rest.startswith("#"):
                    found.beside[place] = rest
            elif rest.startswith("#"):
                # Of a line inside a value, such as the last one of a list in brackets.
                waiting.append(rest)
        elif line.lstrip().startswith("#") and not is_remark(line.lstrip()[1:].removeprefix(" ")):
            waiting.append(line.strip())
    found.above[_END] += waiting
    return found


def _ends(text: str) -> dict[int, int]:
    """Return the column after the last part of a key or value, by line."""
    ends: dict[int, int] = {}
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        start, end = token.start_mark, token.end_mark
        if (start.line, start.column) == (end.line, end.column):
            continue
        for line in range(start.line, end.line + 1):
            # A text of several lines has no comment before its last one.
            column = end.column if line == end.line else len(text)
            if line == start.line and getattr(token, "style", None) in {"|", ">"}:
                column = start.column + len("|")
            if column:
                ends[line] = max(ends.get(line, 0), column)
    return ends


def _places(nodes: dict[_Place, tuple[int, yaml.Node]]) -> dict[int, _Place]:
    """Return the first place of each line."""
    places: dict[int, _Place] = {}
    for place, (line, _) in nodes.items():
        places.setdefault(line, place)
    return places


def _nodes(text: str) -> dict[_Place, tuple[int, yaml.Node]]:
    """Return the line and the value of every place of an entry."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return {} if root is None else dict(_walked((), root))


def _walked(place: _Place, node: yaml.Node) -> Iterator[tuple[_Place, tuple[int, yaml.Node]]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*place, str(key.value))
            yield inner, (key.start_mark.line, value)
            yield from _walked(inner, value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            # An item stays wherever in its list it stands.
            scalar = isinstance(item, yaml.ScalarNode)
            inner = (*place, f"- {item.value if scalar else _plain(item)}")
            yield inner, (item.start_mark.line, item)


def _same(before: tuple[int, yaml.Node], after: tuple[int, yaml.Node]) -> bool:
    """Return whether a line says the same: of a key with lines of its own, the key is enough."""
    (line, old), (other, new) = before, after
    if old.start_mark.line > line and new.start_mark.line > other:
        return True
    return _plain(old) == _plain(new)


def _plain(node: yaml.Node) -> object:
    """Return a value without the way in which it is written."""
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return node.tag, node.value
