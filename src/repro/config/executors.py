"""The names of executors: what runs the tasks of a training."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from repro.core.suggest import did_you_mean

LOKY, DASK, RAY = "loky", "dask", "ray"
_SCHEDULER = "tcp://HOST:PORT"
_PATTERN = (
    rf"^({LOKY}|{DASK}|{RAY}|tcp://[^\s/@?#:]+:[0-9]{{1,5}}|tcp://\[[0-9a-fA-F:]+\]:[0-9]{{1,5}})$"
)
_LARGEST_PORT = 65535


def is_scheduler(name: str) -> bool:
    """Return whether an executor is the address of a Dask scheduler.

    Examples
    --------
    >>> is_scheduler("tcp://10.0.0.5:8786"), is_scheduler("dask")
    (True, False)
    """
    return name.startswith("tcp://")


def checked_executor(name: str) -> str:
    """Return the name, or raise a ValueError that says why it is not an executor.

    Examples
    --------
    >>> checked_executor("tcp://[::1]:8786")
    'tcp://[::1]:8786'
    >>> checked_executor("daks")
    Traceback (most recent call last):
    ...
    ValueError: unknown executor 'daks': did you mean 'dask'?
    >>> checked_executor("tcp://10.0.0.5")
    Traceback (most recent call last):
    ...
    ValueError: expected the scheduler as tcp://HOST:PORT, found 'tcp://10.0.0.5'
    """
    if is_scheduler(name):
        if not re.fullmatch(_PATTERN, name) or int(name.rpartition(":")[2]) > _LARGEST_PORT:
            raise ValueError(f"expected the scheduler as {_SCHEDULER}, found '{name}'")
    elif name not in {LOKY, DASK, RAY}:
        known = did_you_mean(name, (LOKY, DASK, RAY, _SCHEDULER))
        raise ValueError(f"unknown executor '{name}': {known}")
    return name


Executor = Annotated[
    str, AfterValidator(checked_executor), Field(json_schema_extra={"pattern": _PATTERN})
]
