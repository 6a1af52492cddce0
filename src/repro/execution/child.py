"""One training in a process of its own, for its record: ``python -m repro.execution.child FOLDER``.

The configuration comes in on standard input as JSON, and the record goes out on standard output,
or the reason why not. The start of this process counts: the level is ``seeded``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from repro.core.errors import ReproError
from repro.core.jsonfile import dump_record, load


def main() -> int:
    """Train and write the record; what cannot be done is a sentence and the exit status 3."""
    # Estimators print, some of them past Python: only the record may come out where it is read.
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)
        try:
            out.write(_trained(Path(sys.argv[1])))
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
    sys.exit(main())
