"""Limits on somebody else's record: it may use the modules and data that this project declares.

Everything that trains from a record passes these checks first. What this project declares is in its
own files under ``configs/``, wherever ``train`` reads it from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.app.configuration import own_trees
from repro.config.data import DatasetEntry, SourceDeclaration, TableSource, leads_outside
from repro.config.functions import KNOWN
from repro.config.named_metrics import functions_of
from repro.config.parameters import DECIDED, comes_with_repro, parameters, place, reach
from repro.config.project import BASE, DATASETS, read_source
from repro.config.resolve import validate
from repro.config.search import values_of
from repro.config.tree import subtree
from repro.core.errors import ConfigError, PreconditionError
from repro.datasets.hashing import check_sha256
from repro.digest.files import sha256_file
from repro.divergence.structure import same_value
from repro.store import open_run
from repro.store.naming import LINEAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pydantic import JsonValue

    from repro.app.subjects.subject import Subject
    from repro.config.experiment import ExperimentConfig
    from repro.config.preprocessing import Preprocessing
    from repro.config.search import Search
    from repro.config.training import Model
    from repro.config.tree import Tree

_WITHOUT = "train without it, with a configuration of this project"
_IN_FILE = "if you trust it, write it in the family's file under configs/models"
_ALLOWED = ("security", "allowed_modules")


def check_trust(project: Path, subject: Subject, config: ExperimentConfig) -> None:
    """Refuse a recorded configuration that reaches further than this project's own.

    It is asked before anything is imported or built.

    Raises
    ------
    PreconditionError
        If estimators may come from modules that this project does not allow, or have parameters
        that reach beyond a fit.
    """
    check_modules(project, subject, config)
    check_parameters(project, config)


def check_parameters(project: Path, config: ExperimentConfig) -> None:
    """Refuse parameters that name files, hosts, caches, or other machines.

    One that only looks so, of a class that is neither scikit-learn's nor LightGBM's, is allowed
    where a file of this project gives it that value.

    Raises
    ------
    PreconditionError
    """
    for where, path, params in _parametrised(config):
        for place_of, path_of, name, value in parameters(where, path, params):
            what, advice = reach(path_of, name, value), _WITHOUT
            if not what and DECIDED.search(name):
                what = "follows from the seed and the determinism level"
            if not what and place(path_of, name, value) and not _is_own(project, name, value):
                what, advice = "looks like a file or a host", _IN_FILE
            if what:
                raise PreconditionError(
                    f"the record's {place_of}: '{name}' {what}: a record may not set it",
                    advice=advice,
                )


def _parametrised(
    config: ExperimentConfig,
) -> Iterator[tuple[str, str, Mapping[str, JsonValue]]]:
    """Yield key, class and parameters of every estimator and transformer."""
    for family, model in config.models.items():
        yield f"models.{family}.params", model.estimator, model.params
        if model.preprocessing is not None:
            yield from _transformers(f"models.{family}.preprocessing", model.preprocessing)
        if model.search is not None:
            yield from _searched(f"models.{family}.search", model, model.search)
    yield from _transformers("preprocessing", config.preprocessing)


def _searched(
    start: str, model: Model, search: Search
) -> Iterator[tuple[str, str, Mapping[str, JsonValue]]]:
    """Yield every parameter that a search sets, with each value, as one of every class."""
    paths = sorted(set(_classes(model.model_dump(mode="json"))))
    for name, value in values_of(search):
        where = f"{start}.space.{name}" if name in search.space else f"{start}.resource"
        for path in paths:
            yield where, path, {name.rpartition("__")[2]: value}


def _classes(value: object) -> Iterator[str]:
    """Yield the import path of every class that a candidate names."""
    if isinstance(value, dict):
        found = (value.get("class"), value.get("estimator"))
        yield from (path for path in found if isinstance(path, str) and ":" in path)
        for child in value.values():
            yield from _classes(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _classes(child)


def _transformers(
    where: str, preprocessing: Preprocessing
) -> Iterator[tuple[str, str, Mapping[str, JsonValue]]]:
    for path, step in preprocessing.transforms():
        yield ".".join((where, *path)), step.transformer, step.params


def _is_own(project: Path, name: str, value: object) -> bool:
    given = _own_values(project)
    return any(name == key and same_value(value, each) for key, each in given)


def _own_values(project: Path) -> list[tuple[str, object]]:
    """Return every parameter that a file of this project gives, with its value."""
    trees = (
        tree for kind in ("models", "experiments", "profiles") for tree in own_trees(project, kind)
    )
    found: list[tuple[str, object]] = []
    for path, leaf in (item for tree in trees for item in tree.items()):
        found.append((path[-1], leaf.value))
        found += [(name, value) for _, _, name, value in parameters("", "", {"": leaf.value})]
    return found


def check_modules(project: Path, subject: Subject, config: ExperimentConfig) -> None:
    """Refuse a recorded configuration whose code may come from more than this project allows.

    Of a reference the whole list counts. A run says which overlays it was composed from, and only
    the modules that its models and metrics use are asked for, since a flag may have set the list.

    Raises
    ------
    PreconditionError
        A record from somebody else does not choose which modules are imported.
    """
    parts = (config.preprocessing, *config.models.values())
    built = {top for part in parts for top in _tops(part.model_dump())}
    functions = (each.function for _, each in functions_of(config.metrics))
    used = built | {path.partition(":")[0].partition(".")[0] for path in functions}
    asked = used if subject.is_run else used | set(config.security.allowed_modules)
    beyond = sorted(asked - _allowed(project, subject))
    if beyond:
        what = "metrics" if beyond[0] in used - built else "estimators"
        raise PreconditionError(
            f"the record allows {what} from '{beyond[0]}', but this project does not",
            advice=f"if you trust it, add '{beyond[0]}' to security.allowed_modules in {BASE}",
        )


def with_own_data(project: Path, config: ExperimentConfig) -> ExperimentConfig:
    """Return a recorded configuration with its data set as this project declares it.

    The name and the hash decide. Where the file lies is this project's to say, so that a record
    brings no data of its own. Data that is shipped inside scikit-learn needs no declaration.

    Raises
    ------
    HashMismatchError
        If this project declares other data by that name.
    PreconditionError
        If it declares none.
    ConfigError
        If the recorded path leads out of the project.
    """
    dataset, entry = config.dataset, _entry(project, config.dataset.name)
    if entry is not None:
        check_sha256(_label(entry), entry.sha256, dataset.sha256)
    source = dataset.source
    if source.is_outside:
        raise ConfigError(
            f"{source.label}: lies outside the project", advice="copy it into data/ first"
        )
    if entry is None and source.shipped:
        return config
    moved = entry is not None and (source.movable or source == entry.source)
    if entry is None or not moved:
        raise PreconditionError(
            f"the record's data set '{dataset.name}' is {source.place} that this project does not"
            " declare",
            advice=f"if you trust it, declare the data set in {DATASETS}",
        )
    own = dataset.model_copy(update={"source": _own_source(entry.source, source)})
    return config.model_copy(update={"dataset": own})


def _own_source(own: SourceDeclaration, recorded: SourceDeclaration) -> SourceDeclaration:
    """Return where this project has the data, to be read as the record reads it."""
    if isinstance(own, TableSource) and isinstance(recorded, TableSource):
        layout = {"dialect": recorded.dialect, "workbook": recorded.workbook}
        return own.model_copy(update=layout) if own.format == recorded.format else own
    return own


def _label(entry: DatasetEntry) -> str:
    return entry.source.label if entry.source.movable else "the declared data set"


def _entry(project: Path, name: str) -> DatasetEntry | None:
    """Read one entry of the registry; an invalid other entry does not matter."""
    entries = subtree(read_source(project, project / DATASETS, "datasets").tree, ("datasets",))
    own = subtree(entries, (name,))
    return validate(own, DatasetEntry) if own else None


def _allowed(project: Path, subject: Subject) -> set[str]:
    trees = [
        tree for kind in ("base", "experiments", "profiles") for tree in own_trees(project, kind)
    ]
    found: set[str] = set()
    if subject.is_run:
        trees += _overlays(project, subject.path)
        for tree in own_trees(project, "models"):
            found |= set(_tops({".".join(path): leaf.value for path, leaf in tree.items()}))
    for tree in trees:
        leaf = tree.get(_ALLOWED)
        found |= set(map(str, leaf.value)) if leaf and isinstance(leaf.value, list) else set()
    return found


def _overlays(project: Path, run: Path) -> Iterator[Tree]:
    """Yield the overlays that a run was composed from and that this project still has.

    A file in a run folder is the record's own word, and does not count.
    """
    for name, sha256 in open_run(run).lineage.configuration.items():
        path = project / name
        folders = path.resolve().parents
        if leads_outside(name) or project not in folders or not path.is_file():
            continue
        if any((folder / LINEAGE).exists() for folder in folders) or sha256_file(path) != sha256:
            continue
        try:
            yield read_source(project, path, "overlay").tree
        except ConfigError:
            # Such as the file of an experiment, which was read already.
            continue


def _tops(value: object, key: str = "") -> Iterator[str]:
    """Yield the top-level module of every class that a model or a family names."""
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _tops(child, str(name))
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _tops(child)
    elif isinstance(value, str):
        named = (
            key in {"estimator", "class", "transformer", "function"}
            or key.startswith("estimators.")
            or key.rpartition(".")[2] in {"class", "function"}
        )
        module = value.partition(":")[0]
        if named and ":" in value and value not in KNOWN and not comes_with_repro(module):
            yield module.partition(".")[0]
