"""Fixing the environment before the numeric libraries are loaded.

Some of what decides a result is read once, while a process starts: the hash seed by Python, thread
counts and code paths by the numeric libraries. A determinism *level* names the variables it fixes
and their values. ``ensure`` restarts the interpreter once, with the same arguments, where they are
not as required; ``in_force`` tells why a level does not hold, and trusts nothing that it can read
back. A variable that was inherited never wins over the level that was asked for.

Nothing here may import NumPy, or anything that is slow to import: it runs first.
"""

from repro.launch.levels import Level, in_force, missing
from repro.launch.restart import GUARD, ensure

__all__ = ["GUARD", "Level", "ensure", "in_force", "missing"]
