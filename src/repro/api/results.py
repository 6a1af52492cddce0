"""The result of ``train``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from repro.api.calls import Trained
    from repro.app.predict import LoadedRun
    from repro.core.records import Finding, Keys, Metrics, Threshold


@dataclass(frozen=True)
class TrainingResult:
    """A run that was just written.

    Attributes
    ----------
    path : Path
        The run folder.
    run_id : str
    experiment : str
    seed : int
    level : str
        The determinism level at which it was trained.
    model : str
        The selected family.
    scores : dict of str to float
        Each metric of the selected model on the held-out rows.
    passed : bool
        False if there are findings, and ``safety.on_finding`` is ``fail``.
    warnings : tuple of str
        Influences of the environment that no level can keep out. What training warns of, such as a
        feature that knows the target, is in ``findings``.
    seconds : float
    keys : Keys
    metrics : Metrics
        What ``metrics.json`` holds, with intervals and cross-validation.
    threshold : Threshold
        What ``threshold.json`` holds.
    """

    path: Path
    run_id: str
    experiment: str
    seed: int
    level: str
    model: str
    scores: dict[str, float]
    passed: bool
    warnings: tuple[str, ...]
    seconds: float
    keys: Keys = field(repr=False)
    metrics: Metrics = field(repr=False)
    threshold: Threshold = field(repr=False)

    @classmethod
    def of(cls, trained: Trained) -> Self:
        """Make it of the answer of the process that trained."""
        run = trained.run
        return cls(
            path=Path(run.path),
            run_id=run.run_id,
            experiment=trained.experiment,
            seed=trained.seed,
            level=trained.level,
            model=run.metrics.model,
            scores={name: estimate.value for name, estimate in run.metrics.test.items()},
            passed=trained.passed,
            warnings=trained.warnings,
            seconds=run.seconds,
            keys=run.keys,
            metrics=run.metrics,
            threshold=run.threshold,
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Reasons to doubt the result, and notes on how it was made."""
        return self.metrics.findings

    def load(self, model: str | None = None) -> LoadedRun:
        """Check the files of the run and load its model.

        Parameters
        ----------
        model : str, optional
            A candidate in place of the selected one, if the run keeps all.

        Raises
        ------
        PreconditionError, SchemaError
            As ``repro.load_run``.
        """
        # Imported when used: it imports scikit-learn.
        from repro.app.predict import load_run  # noqa: PLC0415

        return load_run(self.path, model=model)
