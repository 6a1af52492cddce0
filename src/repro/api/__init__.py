"""Functions for programs and notebooks: the use cases of the commands.

Each function asks the same use case as the command of its name and returns the same value. What
executes something does so in a process of its own, at its determinism level: a level is fixed
before Python starts, and a notebook has loaded NumPy long before. What only reads (``compare``,
``load_config``, ``load_run``) reads in the caller's process.

Every mistake is an error of ``repro.core.errors`` with a message and an advice; a mismatch is a
value. Nothing is printed: progress goes to a function, if one is given.

``repro`` has each name of this package, and imports it when it is first used.
"""
