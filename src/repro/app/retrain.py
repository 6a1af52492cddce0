"""One training in a process of its own, for its record: ``python -m repro.app.retrain FOLDER``.

The configuration comes in on standard input as JSON, and the record goes out on standard output.
What this process was started with counts: the level is ``seeded``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from repro.app.configuration import parse_config
from repro.app.execute import execute, predictions_of
from repro.app.records import record_of_execution
from repro.core.errors import ReproError
from repro.core.jsonfile import dump_record, load


class _Silent:
    """Tells nobody anything."""

    def stage_started(self, name: str, position: int, total: int) -> None:
        """Pass over it."""

    def task_finished(self, label: str, position: int, total: int) -> None:
        """Pass over it."""


def main() -> int:
    """Train and write the record; what cannot be done is a sentence and the exit status 3."""
    name = "standard input"
    try:
        config = parse_config(load(sys.stdin.buffer.read(), name), name)
        execution = execute(Path(sys.argv[1]), config, _Silent())
    except ReproError as error:
        sys.stderr.write(f"{error.message}\n")
        return error.exit_code
    record = record_of_execution(execution, predictions_of(execution.training))
    sys.stdout.buffer.write(dump_record(record))
    return 0


if __name__ == "__main__":
    sys.exit(main())
