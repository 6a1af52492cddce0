"""``python -m repro``."""

import os
import sys


def _leave_folder() -> bool:
    """Take the folder that ``python -m`` put first off the import path, if it is not needed.

    A file in the caller's folder that is named like a module of Python, such as ``random.py``,
    would be run in its place. Nothing but what Python has already loaded may be imported before.
    """
    try:
        here = os.getcwd()  # noqa: PTH109 - pathlib is not loaded yet
    except OSError:
        here = ""
    if sys.flags.safe_path or sys.path[:1] not in ([""], [here]):
        return False
    del sys.path[0]
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    if here != home or home in sys.path:
        return True
    # Run from its own sources without being installed: found in this folder alone, and last.
    sys.path.append(home)
    return False


if __name__ == "__main__":
    # The restart does without the folder too: it asks for this name.
    LEFT_FOLDER = _leave_folder()

    from repro.cli import main

    main()
