"""Facts beside the results of a run: those that follow from others, and those only claimed.

A lineage is bound to the files it lists, and whoever edits it can bind it again. What two files of
a run both say, or what follows from a second file, is compared wherever a run is read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from repro.config.keys import (
    comparison_group,
    identity_parts,
    replicate_key,
    strict_key,
    version_of,
)
from repro.core.environment import follows
from repro.core.verdict import Check, Outcome
from repro.digest.plain import digest_plain
from repro.seeding import SeedScheme, derive
from repro.store import StoredRun
from repro.store.naming import is_kept_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import JsonValue

    from repro.config.experiment import ExperimentConfig
    from repro.core.record import AnyRecord
    from repro.core.records import Seeds, Stages

# What nothing on this machine follows from, in a run and in a reference.
_OF_A_RUN = (
    "created",
    "version",
    "command",
    "configuration",
    "host",
    "started",
    "finished",
    "seconds",
    "report.md",
    "report.html",
    "model.joblib",
)
_OF_BOTH = ("environment", "commit", "dirty")
_END = "_seeds"


@dataclass(frozen=True)
class _Fact:
    """A recorded value, and that which it has to be."""

    file: str
    key: str
    recorded: JsonValue
    expected: JsonValue
    source: str


def find_false_fact(run: StoredRun) -> Check | None:
    """Return the first fact of a run that one of its other files contradicts; None without one.

    Returns
    -------
    Check or None
        Its name begins with that of the file: ``lineage``, ``snapshot``, ``seeds`` or ``metrics``.
    """
    for fact in _facts(run):
        if fact.recorded != fact.expected:
            detail = (
                f"{fact.key} is {fact.recorded}, but {fact.source} gives {fact.expected}:"
                " one of the two was edited"
            )
            return Check(
                name=f"{fact.file}.{fact.key}",
                expected=fact.expected,
                actual=fact.recorded,
                outcome=Outcome.DIFFERS,
                detail=detail,
            )
    return None


def _facts(run: StoredRun) -> Iterator[_Fact]:
    config = _configuration(run)
    if config is not None:
        yield from _of_configuration(run, config)
    yield from _of_seeds(run.seeds, run.stages)
    keys, environment = run.snapshot.keys, run.environment.environment
    if not follows(keys.environment_key, environment):
        yield _Fact(
            "snapshot", "environment_key", keys.environment_key, "a different one",
            "environment.json",
        )  # fmt: skip
    lineage = run.lineage
    group = comparison_group(lineage.experiment, keys.replicate_key)
    yield _Fact(
        "snapshot", "comparison_group", run.snapshot.comparison_group, group, "the replicate key"
    )
    for key, expected in (
        ("commit", environment.commit),
        ("dirty", environment.dirty),
        ("created", run.environment.started),
    ):
        yield _Fact("lineage", key, getattr(lineage, key), expected, "environment.json")


def _configuration(run: StoredRun) -> ExperimentConfig | None:
    # Imported when used: it takes a while, and only this needs it. Nothing is composed for it.
    from repro.config.experiment import ExperimentConfig  # noqa: PLC0415

    try:
        return ExperimentConfig.model_validate_json(json.dumps(run.config))
    except ValueError:
        # Whoever needs a configuration of a different version says so.
        return None


def _of_configuration(run: StoredRun, config: ExperimentConfig) -> Iterator[_Fact]:
    lineage, dataset, keys = run.lineage, run.dataset, run.snapshot.keys
    identity = config, dataset.content, run.stages.version
    version = version_of(keys)
    pairs: tuple[tuple[str, str, JsonValue, JsonValue], ...] = (
        ("lineage", "experiment", lineage.experiment, config.experiment),
        ("lineage", "dataset.name", dataset.name, config.dataset.name),
        ("lineage", "dataset.sha256", dataset.sha256, config.dataset.sha256),
        ("lineage", "dataset.source", dataset.source, config.dataset.source.label),
        ("seeds", "base", run.seeds.base, config.seed),
        ("seeds", "scheme", run.seeds.scheme, str(config.seeding.scheme)),
        ("seeds", "target", run.seeds.target, config.target),
        ("metrics", "task", run.metrics.task, str(config.task)),
        (
            "metrics", "selection_metric", run.metrics.selection_metric,
            config.selection.metric,
        ),
        (
            "snapshot", "replicate_key", keys.replicate_key,
            replicate_key(*identity, version=version),
        ),
        ("snapshot", "strict_key", keys.strict_key, strict_key(*identity, version=version)),
        *_of_parts(run, identity_parts(*identity)),
    )  # fmt: skip
    for file, key, recorded, expected in pairs:
        yield _Fact(file, key, recorded, expected, "config.json")
    level: JsonValue = run.environment.environment.level
    yield _Fact("environment", "level", level, config.determinism.level, "config.json")


def _of_parts(
    run: StoredRun, parts: dict[str, str]
) -> Iterator[tuple[str, str, JsonValue, JsonValue]]:
    """Compare the parts of the identity; runs of an earlier version have none."""
    recorded = run.snapshot.parts
    if recorded is None and run.record is None:
        return
    recorded = recorded or {}
    for name in dict.fromkeys([*parts, *recorded]):
        yield "snapshot", f"parts.{name}", recorded.get(name), parts.get(name)


def _of_seeds(seeds: Seeds, stages: Stages) -> Iterator[_Fact]:
    """Derive every seed by its name, and compare each group with what a stage was given."""
    for name, seed in seeds.seeds.items():
        possible = _seeds_of(name, seeds)
        if seed not in possible:
            yield _Fact("seeds", f"seeds.{name}", seed, possible[0], "the base seed")
    for stage in stages.stages:
        for given, digest in stage.inputs.items():
            if given.endswith(_END):
                start = f"{given.removesuffix(_END)}/"
                group = {n: seed for n, seed in seeds.seeds.items() if n.startswith(start)}
                source = f"stages.{stage.name}.{given}"
                yield _Fact("seeds", f"{start}*", digest_plain(group), digest, source)


def _seeds_of(name: str, seeds: Seeds) -> tuple[int, ...]:
    if seeds.scheme == SeedScheme.CONSTANT:
        return (seeds.base,)
    start = () if seeds.target is None else (seeds.target,)
    # The name of a fold is a number, and that of a family may look like one.
    parts: list[tuple[int | str, ...]] = [
        (int(part), part) if part.isdecimal() else (part,) for part in name.split("/")
    ]
    return tuple(derive(seeds.base, *start, *path) for path in product(*parts))


def claims(
    source: AnyRecord | StoredRun, actual: AnyRecord | None = None, checks: Iterable[Check] = ()
) -> tuple[str, ...]:
    """Name what a record says of itself and what was compared with nothing.

    Parameters
    ----------
    source : AnyRecord or StoredRun
        A run says more than a reference.
    actual : AnyRecord, optional
        The record of the training that repeated it; without one, the data set is claimed too.
    checks : iterable of Check
        Of the comparison of the two; without any, the results are claimed as a whole.
    """
    checked = {check.name for check in checks if check.outcome is not Outcome.EXPLAINED}
    found: tuple[str, ...] = () if checked else ("results",)
    found += () if actual else ("dataset",)
    code, known = _code_of(source), (actual.code or {}) if actual else {}
    if any(known.get(name) != sha256 for name, sha256 in code.items()):
        found += ("code",)
    if checked:
        names = (f"metrics.test.{name}" for name in _metrics_of(source))
        found += tuple(name for name in names if name not in checked)
    found += _OF_BOTH
    if not isinstance(source, StoredRun):
        return found
    kept = tuple(name for name in source.lineage.files if is_kept_model(name))
    return found + _OF_A_RUN + kept + (("overrides",) if source.lineage.overrides else ())


def _metrics_of(source: AnyRecord | StoredRun) -> Iterable[str]:
    return source.metrics.test if isinstance(source, StoredRun) else source.evidence.test_metrics


def _code_of(source: AnyRecord | StoredRun) -> dict[str, str]:
    return source.lineage.code if isinstance(source, StoredRun) else source.code or {}
