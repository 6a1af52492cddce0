"""The split: which rows are held out, and what keeps rows together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from repro.config.yaml import Leaf
from repro.core.errors import ConfigError
from repro.core.model import Record
from repro.core.suggest import did_you_mean

if TYPE_CHECKING:
    from repro.config.tree import Tree

_Fraction = Annotated[float, Field(gt=0, lt=1)]
_Limit = Annotated[int, Field(ge=10)] | None


def _is_off(value: object) -> bool:
    return not value


def _is_sorted(value: object) -> bool:
    return value == "sorted"


class Split(Record):
    """Held-out rows that are drawn one by one, in proportion to the classes or not.

    ``order`` is that of the rows on both sides: as in the table, or as scikit-learn draws them.
    """

    columns: ClassVar[tuple[str, ...]] = ()

    test_size: _Fraction
    stratify: bool
    limit: _Limit
    # In no key as it always was: some models depend on the order of the rows that they learn from.
    order: Annotated[Literal["sorted", "drawn"], Field(exclude_if=_is_sorted)] = "sorted"


class _ByColumn(Record):
    """Held-out rows that follow from a column, which is a feature only if ``as_feature`` is set."""

    by: Annotated[str, Field(min_length=1)]
    limit: _Limit
    as_feature: Annotated[bool, Field(exclude_if=_is_off)] = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that decide on a row."""
        return (self.by,)


class GroupSplit(_ByColumn):
    """Rows of one value of a column stay on one side, and in one fold."""

    kind: Literal["group", "stratified_group"]
    test_size: _Fraction


class TimeSplit(_ByColumn):
    """The latest rows are held out; ``gap`` rows before them are left out."""

    kind: Literal["time"]
    test_size: _Fraction
    gap: Annotated[int, Field(ge=0, exclude_if=_is_off)] = 0


class PredefinedSplit(_ByColumn):
    """A column says ``train`` or ``test``; a second one may give each training row its fold."""

    kind: Literal["predefined"]
    folds_by: Annotated[str | None, Field(min_length=1, exclude_if=_is_off)] = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that decide on a row."""
        return (self.by, *([] if self.folds_by is None else [self.folds_by]))


ColumnSplit = GroupSplit | TimeSplit | PredefinedSplit
# No value and no name of a type, so that a wrong key is compared with those of every kind.
_DRAWN = "one by one"
# ``random`` and ``stratified`` are spellings of ``stratify``, so that one split has one key.
_SPELLINGS = {"random": False, "stratified": True}
_KINDS: dict[str, type[Record]] = {
    "group": GroupSplit,
    "stratified_group": GroupSplit,
    "time": TimeSplit,
    "predefined": PredefinedSplit,
}
_OWN = {"by", "as_feature", "gap", "folds_by"}
KINDS = (*_SPELLINGS, *_KINDS)


def _tag(value: Any) -> str:  # of a mapping, or of a model
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    model = _KINDS.get(kind) if isinstance(kind, str) else None
    return _DRAWN if model is None else model.__name__


AnySplit = Annotated[
    Annotated[Split, Tag(_DRAWN)]
    | Annotated[GroupSplit, Tag(GroupSplit.__name__)]
    | Annotated[TimeSplit, Tag(TimeSplit.__name__)]
    | Annotated[PredefinedSplit, Tag(PredefinedSplit.__name__)],
    Discriminator(_tag),
]


def resolved_split(tree: Tree) -> Tree:
    """Return a tree whose section ``split`` has the keys of the chosen kind and no others.

    What a file sets for a different kind of draw has no effect, since ``configs/base.yaml`` speaks
    of all of them. A flag has, so the caller refuses one that is missing from the result.

    Raises
    ------
    ConfigError
        For a kind that does not exist, or a key that is of a different kind.
    """
    leaf = tree.get(("split", "kind"))
    own = [path for path in tree if path[0] == "split" and path[1:2] and path[1] in _OWN]
    kind = None if leaf is None or leaf.value is None else leaf.value
    if kind is not None and (not isinstance(kind, str) or kind not in KINDS):
        raise ConfigError(
            f"{leaf.origin if leaf else ''}: unknown kind of split {kind!r}",
            advice=did_you_mean(str(kind), KINDS),
        )
    fields = set(_KINDS[kind].model_fields) if kind in _KINDS else set(Split.model_fields)
    for path in own:
        if path[1] not in fields and tree[path].value is not None:
            raise _misplaced(path[1], kind, tree[path])
    if isinstance(kind, str) and "stratified" in kind:
        _check_has_classes(kind, tree)
    if kind is None or kind in _SPELLINGS:
        return _drawn(tree, kind, leaf)
    if ("split", "by") not in tree:
        raise ConfigError(
            f"{leaf.origin if leaf else ''}: split.kind: {kind} needs the key 'split.by'",
            advice="name the column to split by: --set split.by=COLUMN",
        )
    idle = set(Split.model_fields) - fields
    return {path: each for path, each in tree.items() if path[0] != "split" or path[1] not in idle}


def _drawn(tree: Tree, kind: str | None, leaf: Leaf | None) -> Tree:
    unused = {("split", name) for name in (*_OWN, "kind")}
    kept = {path: each for path, each in tree.items() if path not in unused}
    if kind is None or leaf is None:
        return kept
    given = tree.get(("split", "stratify"))
    if given is not None and given.origin.startswith("--") and given.value != _SPELLINGS[kind]:
        raise ConfigError(
            f"{given.origin}: setting 'split.stratify' has no effect: split.kind is {kind}",
            advice="remove the flag, or set split.kind",
        )
    return kept | {("split", "stratify"): Leaf(_SPELLINGS[kind], leaf.origin)}


def _check_has_classes(kind: str, tree: Tree) -> None:
    task, leaf = tree.get(("task",)), tree[("split", "kind")]
    if task is not None and task.value == "regression":
        raise ConfigError(
            f"{leaf.origin}: split.kind: {kind} is for classes, and a regression has no classes",
            advice="use random, group, time or predefined",
        )


def _misplaced(name: str, kind: str | None, leaf: Leaf) -> ConfigError:
    owners = [each for each, model in _KINDS.items() if name in model.model_fields]
    found = "split.kind is not set" if kind is None else f"split.kind is {kind}"
    return ConfigError(
        f"{leaf.origin}: 'split.{name}' is for split.kind {' or '.join(owners)}, and {found}",
        advice=f"remove it, or set split.kind: {owners[0]}",
    )
