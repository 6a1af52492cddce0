"""Processes that still run.

A dead one whose end nobody has asked for, a zombie, does not. The first process of a container may
take a second to ask for the orphans that it is given.
"""

import os
import subprocess
from pathlib import Path


def is_running(pid):
    """Return whether a process runs."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        # It has ended meanwhile, or this system has no such files.
        return not Path("/proc/self/stat").exists()
    return state not in {"Z", "X"}


def children_of(pid):
    """Return the processes that a process has started and that are not gone."""
    table = subprocess.run(
        ["ps", "-A", "-o", "ppid=,pid="], capture_output=True, text=True, check=True
    )
    pairs = (map(int, line.split()) for line in table.stdout.splitlines())
    return [child for parent, child in pairs if parent == pid]
