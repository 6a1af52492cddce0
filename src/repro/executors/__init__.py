"""Executors: processes that run the tasks of a training, on this machine or on others.

The protocol stands in ``repro.training.parallel``. The library of an executor is imported when that
executor is used.
"""

from repro.executors.opening import distributions_of, is_apart, load, opened

__all__ = ["distributions_of", "is_apart", "load", "opened"]
