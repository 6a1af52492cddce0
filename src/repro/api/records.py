"""``verify`` and ``compare``: runs, references, and whether they reproduce."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from repro.api.calls import VerifyCall, checked
from repro.api.children import ask
from repro.api.places import Surroundings
from repro.api.requests import absolute, tolerance_of
from repro.api.wording import errors_in_python
from repro.app.subjects.verification import verify_integrity
from repro.core.errors import ConfigError
from repro.core.verdict import Verification

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from repro.app.compare import Entry
    from repro.core.comparison import ComparisonReport


def verify(  # noqa: PLR0913 - as many arguments as the command has options
    subject: str | Path | None = None,
    *,
    reference: str | Path | None = None,
    mapping: Mapping[str, str] | None = None,
    integrity_only: bool = False,
    tolerance: float | Literal["auto"] | None = None,
    noise: str | Path | None = None,
    level: str | None = None,
    workers: int | None = None,
    run_command: bool = False,
    runs: str | Path | None = None,
    project: str | Path | None = None,
    progress: Callable[[str], object] | None = None,
) -> Verification:
    """Check that a run or reference reproduces on this machine, as ``repro verify`` does.

    It trains, or runs the recorded command, in a process of its own that is at the recorded
    determinism level and reaches no network.

    Parameters
    ----------
    subject : str or Path, optional
        A run (a folder, an id or the beginning of one) or a reference (a ``.json`` file); the
        newest run if omitted.
    reference : str or Path, optional
        A run, a record or a report of metrics that the result is also compared with, as the
        reference of ``compare``.
    mapping : mapping of str to str, optional
        As in ``compare``.
    integrity_only : bool
        Check only the files. Nothing is executed.
    tolerance : float or "auto", optional
        Absolute and relative; 0 requires the same bits; the project's own if omitted.
    noise : str or Path, optional
        The file that ``repro noise`` wrote, for ``tolerance="auto"``.
    level : str, optional
        The level to execute at instead of the recorded one.
    workers : int, optional
        Worker processes; the result is the same.
    run_command : bool
        Allow a command that was recorded on a different machine to run.
    runs, project, progress
        As in ``train``.

    Returns
    -------
    Verification
        ``verdict``, ``passed``, ``first_divergent``, ``sentence`` and every check. A result that
        does not reproduce is a value, not an error.

    Raises
    ------
    ConfigError
        If an argument is wrong.
    PreconditionError, DataError, SchemaError
        If there is no such subject, or something that the execution needs is missing.
    """
    call = checked(
        VerifyCall,
        subject=None if subject is None else str(subject),
        project=absolute(project),
        runs=absolute(runs),
        tolerance=tolerance,
        noise=absolute(noise),
        level=level,
        workers=workers,
        run_command=run_command,
        reference=None if reference is None else str(reference),
        mapping=dict(mapping or {}),
    )
    if (mapping and reference is None) or (integrity_only and reference is not None):
        raise ConfigError(
            "verify: 'mapping' needs a 'reference', and 'integrity_only' compares with nothing",
            advice="remove one of the two arguments",
        )
    if integrity_only:
        with errors_in_python():
            return verify_integrity(*Surroundings.of(project, runs).examined(call.subject))
    return ask("verify", call, Verification, progress)


def compare(
    reference: str | Path,
    *candidates: str | Path,
    mapping: Mapping[str, str] | None = None,
    tolerance: float | Literal["auto"] | None = None,
    noise: str | Path | None = None,
    runs: str | Path | None = None,
    project: str | Path | None = None,
) -> ComparisonReport:
    """Compare records as ``repro compare`` does; nothing is executed or unpickled.

    Parameters
    ----------
    reference, *candidates : str or Path
        Runs or references, as the subject of ``verify``. The first may also be a report of metrics:
        a JSON, YAML, TOML or CSV file, the text of scikit-learn's ``classification_report``,
        ``dvc:REV:path``, ``mlflow:RUN_ID``, or ``mlflow:RUN_ID:path`` for an artefact.
    mapping : mapping of str to str, optional
        Names in a report of metrics by hand: the metric of the record that each is, or an empty
        text for no metric.
    tolerance, noise, runs, project
        As in ``verify``.

    Returns
    -------
    ComparisonReport
        ``passed``, ``verdicts`` by name, and the ``candidates``, each with its ``verdict``,
        ``first_divergent`` and ``suspects``.

    Raises
    ------
    ConfigError
        If an argument is wrong, or there is no candidate.
    PreconditionError, SchemaError
        If there is no such record, it cannot be read, or the reference is damaged.
    """
    # Imported when used: it imports pandas, and most of what is called is not this.
    from repro.app.compare import compare_all, read_entry, read_first  # noqa: PLC0415

    if not candidates:
        raise ConfigError(
            "compare: there is no candidate", advice="pass a run or a file after the reference"
        )
    with errors_in_python():
        asked, folders = tolerance_of(tolerance, noise), Surroundings.of(project, runs)
        names = [str(each) for each in (reference, *candidates)]
        alike = Counter(Path(name).name for name in names)

        def entry_of(name: str) -> Entry:
            """Read a record under a name that no other one has."""
            entry = read_entry(folders.base, folders.runs, name)
            # Folders distinguish records that have the same file name.
            return entry.named(name) if alike[Path(name).name] > 1 else entry

        first = read_first(folders.base, folders.runs, names[0], mapping or {})
        if alike[Path(names[0]).name] > 1:
            first = first.named(names[0])
        return compare_all(folders.project, first, map(entry_of, names[1:]), asked)
