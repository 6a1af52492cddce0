"""Train a scikit-learn model, leave evidence, and let anybody check it.

Three verbs carry the package. ``train`` turns a declared experiment into a *run*: a folder that
holds everything its result is a function of. ``verify`` asks of a run, or of a *reference* exported
from one, whether it still holds: the files are intact, and training again from the recorded
configuration gives the same metrics and the same predictions. ``compare`` sets records from many
places side by side, names the first stage at which they part, and executes nothing.

The layers, upper ones importing lower ones only:

``cli``
    commands; the only layer that prints, prompts, exits, or knows click.
``app``
    the use cases behind the commands; they return values.
``execution``
    recipes and the places that execute them: this process, a child, an interpreter, a tree of a
    system, a container, an emulator; one door through which everything trains.
``training``, ``datasets``, ``capture``, ``store``, ``report``, ``launch``
    the science (pure), reading tables, observing the environment, run folders, documents for
    people, and fixing the environment before NumPy is imported. They do not know each other.
``tables``
    a table by declared role: what a cell means, for readers and for saved pipelines.
``divergence``, ``digest``, ``config``, ``seeding``, ``processor``
    comparing records, hashing things canonically, composing configuration, naming seeds, and the
    features of the processor.
``core``
    frozen types and pure functions: no input or output, no NumPy.

``repro.load_run(run)`` checks a run and returns its model, ready to predict files and frames.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Imported when it is first asked for: `import repro` stays light, and lower layers import it.
_LAZY = {"load_run": "repro.app.predict"}

__all__ = ["__version__", "load_run"]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
