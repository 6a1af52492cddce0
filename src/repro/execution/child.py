"""One training in a process of its own: ``python -m repro.execution.child FOLDER LEVEL``.

The configuration comes in on standard input as JSON, and the record goes out on standard output,
or the reason why not. The process restarts itself if the level is not in force; at ``seeded`` what
it was started with decides.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from repro.core.errors import ReproError
from repro.core.garbage import collect_seldom
from repro.core.jsonfile import dump_record, load
from repro.launch import Level, ensure


def main(project: Path, level: Level) -> int:
    """Train and write the record; what cannot be done is a sentence and an exit status."""
    try:
        # First of all: it may start this program again, and what was opened would be lost.
        ensure(level)
        collect_seldom()
    except ReproError as error:
        sys.stdout.buffer.write(error.message.encode())
        return error.exit_code
    # Estimators print, some of them past Python: only the record may come out where it is read.
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)
        try:
            out.write(_trained(project))
        except ReproError as error:
            out.write(error.message.encode())
            return error.exit_code
    return 0


def _trained(project: Path) -> bytes:
    # Imported when used: libraries may print already when they are imported.
    from repro.config.recorded import parse_config  # noqa: PLC0415
    from repro.execution.places import Here, Silent, recipe_of  # noqa: PLC0415

    name = "standard input"
    config = parse_config(load(sys.stdin.buffer.read(), name), name)
    return dump_record(Here().execute(project, recipe_of(config), Silent()).record)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Level(sys.argv[2])))
