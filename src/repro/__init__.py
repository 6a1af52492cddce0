"""Train a model or run any script, keep the evidence, and let anybody check it.

Four verbs carry the package. ``train`` turns a declared experiment into a *run*: a folder that
holds everything that determines its result. ``record`` makes a run of any command, unchanged.
``verify`` checks that a run, or a *reference* exported from one, reproduces: the files are intact,
and training again from the recorded configuration, or running the recorded command again, gives the
same results. ``compare`` compares records from many places, names the first divergent step, and
executes nothing.

The layers, upper ones importing lower ones only:

``cli``, ``api``, ``tracking``, ``pytest_plugin``
    commands, the only layer that prints, prompts, exits, or knows click; the same use cases as
    functions; names for what a program does, which it calls itself; and a fixture for pytest.
``app``
    the use cases behind the commands; they return values.
``execution``
    recipes and the places that execute them: this process, a child, an interpreter, a tree of a
    system, a container, an emulator; one door through which everything trains. Recorded commands
    are run, sealed and assembled to records in ``execution.recording``.
``tracing``
    code that runs inside a recorded process: hooks, adapters for libraries, the trace.
``training``, ``datasets``, ``capture``, ``store``, ``report``, ``launch``
    the science (pure), reading tables, observing the environment, run folders, documents for
    people, and fixing the environment before NumPy is imported. They do not know each other.
``tables``
    a table by declared role: what a cell means, for readers and for saved pipelines.
``divergence``, ``digest``, ``config``, ``lint``, ``seeding``, ``processor``
    comparing records, hashing things canonically, composing configuration, checking the code of
    programs, naming seeds, and the features of the processor.
``core``
    frozen types and pure functions: no input or output, no NumPy.

From Python, ``train``, ``verify``, ``compare``, ``load_config`` and ``load_run`` do what the
commands do, and ``seed_all``, ``ensure_reproducibility`` and ``derive_seed`` seed a program of your
own.

>>> import repro
>>> repro.derive_seed(42, "split") == repro.derive_seed(42, "split")
True
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Imported when it is first asked for: `import repro` stays light, and lower layers import it. The
# types stand in __init__.pyi, since an import for them would be one of the upper layers by all.
_LAZY = {
    "compare": "repro.api.records",
    "derive_seed": "repro.api.seeds",
    "ensure_reproducibility": "repro.api.reproducibility",
    "load_config": "repro.api.experiments",
    "load_run": "repro.app.predict",
    "seed_all": "repro.api.seeds",
    "train": "repro.api.experiments",
    "verify": "repro.api.records",
}

__all__ = [
    "__version__",
    "compare",
    "derive_seed",
    "ensure_reproducibility",
    "load_config",
    "load_run",
    "seed_all",
    "train",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
