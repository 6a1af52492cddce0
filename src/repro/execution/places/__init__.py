"""Places: where a recipe is executed again, all through one door.

A place says what it lacks before anything is trained, and gives the record of what it trained:

- this process, or a child with variables of its own
- ``installed``: what the places below share, which train in an environment made from a lock
- ``machine``: this environment, or a Python of a different version on this machine
- ``debian``: a tree of a Debian release, entered as root
- ``containers``: an image of any distribution, or the project's own
- ``emulation``: a processor of a different architecture

The processors of the test bench are places too (``tools/cpu_bench``). What runs at a place is in
``inside`` and in ``repro.execution.child``.
"""

from repro.execution.places.child import Child
from repro.execution.places.here import Here
from repro.execution.places.interface import (
    Executed,
    Place,
    Silent,
    Skipped,
    UnavailableError,
    recipe_of,
)

__all__ = [
    "Child",
    "Executed",
    "Here",
    "Place",
    "Silent",
    "Skipped",
    "UnavailableError",
    "recipe_of",
]
