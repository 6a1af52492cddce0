"""The use case ``explain``: train here under the other side's settings, until its bits appear.

A difference of two environments is only suspected of a divergence. It is *confirmed* where a
training here, with that difference taken away, has the other side's digests at the stage at which
the two parted. All candidates are first taken away together: where that does not help, none of them
can be the reason. Where it does, those that are not needed are put back, one by one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from repro.core.environment import comparable
from repro.core.errors import PreconditionError
from repro.core.explanation import Explanation, Trial
from repro.core.jsonfile import load_record
from repro.core.records import RecordFile
from repro.divergence.causes import suspects
from repro.divergence.compare import first_divergence
from repro.divergence.numbers import greatest_relative_difference
from repro.divergence.structure import differences
from repro.launch import Level, cannot_run, lacking, pinned

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from repro.config.models import ExperimentConfig
    from repro.core.comparison import Suspect
    from repro.core.environment import Environment
    from repro.core.verdict import Divergence

Settings = dict[str, str | None]

_NO_FMA = {"FMA": None, "baseline": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4"}
_BASELINES = {"x86_64": "X86_V2", "aarch64": "ASIMD"}


class Listener(Protocol):
    """Is told of every training before it begins, for people who wait."""

    def __call__(self, number: int, what: str) -> None:
        """Say what is tried."""


@dataclass
class _Search:
    """Trainings here, and how many more of them are allowed."""

    project: Path
    config: ExperimentConfig
    expected: RecordFile
    level: Level
    allowed: int
    listener: Listener
    divergence: Divergence | None = None
    trials: list[Trial] = field(default_factory=list)

    @property
    def exhausted(self) -> bool:
        return len(self.trials) > self.allowed

    def train(self, causes: Sequence[str], settings: Settings) -> RecordFile | None:
        """Train with some settings changed; None where that came to no end."""
        self.listener(len(self.trials), " and ".join(causes) or "as it is here")
        started = time.perf_counter()
        environ = pinned(self.level, os.environ)
        for name, value in settings.items():
            environ.pop(name, None)
            if value is not None:
                environ[name] = value
        record, failure = _retrain(self.project, self.config, environ)
        pairs = _outputs(self.expected, record) if record else []
        self.trials.append(
            Trial(
                causes=tuple(causes),
                settings=dict(settings),
                agreeing=sum(left == right for left, right in pairs),
                outputs=len(pairs),
                confirms=record is not None and self._confirms(record),
                seconds=round(time.perf_counter() - started, 3),
                failure=failure,
            )
        )
        return record

    def confirmed_by(self, causes: dict[str, Settings]) -> bool:
        """Tell whether taking these differences away brings the other side's bits."""
        settings = {name: value for each in causes.values() for name, value in each.items()}
        impossible = list(cannot_run({k: v for k, v in settings.items() if v is not None}))
        if impossible or self.exhausted:
            return False
        self.train(tuple(causes), settings)
        return self.trials[-1].confirms

    def _confirms(self, record: RecordFile) -> bool:
        if self.divergence is None:
            return False
        stages = {stage.name: stage.outputs for stage in record.stages.stages}
        expected = {stage.name: stage.outputs for stage in self.expected.stages.stages}
        name = self.divergence.stage
        return stages.get(name) == expected[name]


def explain(
    project: Path,
    name: str,
    expected: RecordFile,
    config: ExperimentConfig,
    max_runs: int,
    listener: Listener,
) -> Explanation:
    """Find out why a record and a training here part.

    Parameters
    ----------
    name : str
        How people are told of the record.
    config : ExperimentConfig
        What the record was trained with.
    max_runs : int
        How many trainings are allowed beside the first one.

    Raises
    ------
    PreconditionError
        If the training as it is here comes to no end.
    """
    recorded = Level(config.determinism.level)
    level = Level.STRICT if lacking(recorded) else recorded
    search = _Search(project, config, expected, level, max_runs, listener)
    actual = search.train((), {})
    if actual is None:
        raise PreconditionError(
            f"training here came to no end: {search.trials[0].failure}",
            advice="repro doctor tells what is wrong here",
        )
    parted = first_divergence(expected.stages, actual.stages)
    if parted is None or parted.inputs:
        return _nothing_to_try(name, parted, search)
    search.divergence = parted
    ranked = _suspects(expected, actual, parted)
    acting = [suspect for suspect in ranked if suspect.can_act]
    ways = {
        suspect.cause: settings
        for suspect in acting
        if (settings := _settings(suspect.cause, expected.environment, actual.environment))
    }
    confirmed = _smallest(search, ways)
    whole = any(trial.confirms and trial.agreeing == trial.outputs for trial in search.trials)
    # With every output explained nothing is left to suspect.
    rest = () if whole else tuple(s for s in acting if s.cause not in confirmed)
    return Explanation(
        schema_="repro.explanation/v1",
        subject=name,
        sentence=_sentence(parted, confirmed, rest),
        explained=bool(confirmed),
        divergence=parted,
        confirmed=tuple(confirmed),
        suspected=rest,
        trials=tuple(search.trials),
    )


def _nothing_to_try(name: str, parted: Divergence | None, search: _Search) -> Explanation:
    sentence = "nothing to explain: every stage output has the record's bits here"
    if parted is not None:
        inputs = ", ".join(parted.inputs)
        sentence = f"'{parted.stage}' parts because its input differs: {inputs}"
    return Explanation(
        schema_="repro.explanation/v1",
        subject=name,
        sentence=sentence,
        explained=True,
        divergence=parted,
        confirmed=(),
        suspected=(),
        trials=tuple(search.trials),
    )


def _suspects(expected: RecordFile, actual: RecordFile, parted: Divergence) -> tuple[Suspect, ...]:
    found = differences(comparable(expected.environment), comparable(actual.environment))
    return suspects(found, parted, greatest_relative_difference(expected, actual))


def _smallest(search: _Search, ways: dict[str, Settings]) -> dict[str, Settings]:
    """Return the differences that suffice, and of which none can be left out."""
    for cause, settings in ways.items():
        if search.confirmed_by({cause: settings}):
            return {cause: settings}
    if len(ways) <= 1 or not search.confirmed_by(ways):
        return {}
    needed = dict(ways)
    for cause in ways:
        fewer = {name: settings for name, settings in needed.items() if name != cause}
        if len(fewer) > 1 and search.confirmed_by(fewer):
            needed = fewer
    return needed


def _settings(cause: str, expected: Environment, actual: Environment) -> Settings:
    """Return the variables that take a difference away here; empty where there are none."""
    paths = expected.code_paths
    if cause == "BLAS kernel":
        kernels = {n.architecture for n in expected.native if n.internal_api == "openblas"}
        kernel = kernels.pop() if len(kernels) == 1 else None
        return {"OPENBLAS_CORETYPE": kernel} if kernel else {}
    if cause == "NumPy's code paths" and paths.baseline == actual.code_paths.baseline:
        beyond = [group for group in paths.enabled if group not in paths.baseline]
        baseline = _BASELINES.get(expected.platform.machine)
        return {
            "NPY_ENABLE_CPU_FEATURES": " ".join(beyond) or baseline,
            "NPY_DISABLE_CPU_FEATURES": None,
        }
    if cause == "maths functions of the C library" and paths.libm != actual.code_paths.libm:
        return {"GLIBC_TUNABLES": _NO_FMA[paths.libm]} if paths.libm in _NO_FMA else {}
    if cause == "numbers of threads":
        names = expected.threads.keys() | actual.threads.keys()
        return {name: expected.threads.get(name) for name in sorted(names)}
    if cause == "hash seed":
        return {"PYTHONHASHSEED": expected.hash_seed}
    return {}


def _retrain(
    project: Path, config: ExperimentConfig, environ: dict[str, str]
) -> tuple[RecordFile | None, str]:
    determinism = config.determinism.model_copy(update={"level": "seeded"})
    execution = config.execution.model_copy(update={"workers": 1})
    changed = config.model_copy(update={"determinism": determinism, "execution": execution})
    given = json.dumps(changed.model_dump(mode="json", by_alias=True))
    done = subprocess.run(
        [sys.executable, "-m", "repro.app.retrain", str(project)],
        input=given.encode(),
        env=environ,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        return None, words[-1] if words else f"exit status {done.returncode}"
    return load_record(done.stdout, "the training here", RecordFile), ""


def _outputs(expected: RecordFile, actual: RecordFile) -> list[tuple[str, str | None]]:
    here = {stage.name: stage.outputs for stage in actual.stages.stages}
    return [
        (digest, here.get(stage.name, {}).get(output))
        for stage in expected.stages.stages
        for output, digest in stage.outputs.items()
    ]


def _sentence(parted: Divergence, confirmed: dict[str, Settings], rest: Sequence[Suspect]) -> str:
    if confirmed:
        causes = " and ".join(confirmed)
        return f"confirmed: '{parted.stage}' parts because of {causes}"
    if rest:
        names = ", ".join(suspect.cause for suspect in rest)
        return f"not confirmed: '{parted.stage}' parts; suspected: {names}"
    return f"not explained: '{parted.stage}' parts, and no recorded difference can act there"
