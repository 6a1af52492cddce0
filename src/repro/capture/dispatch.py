"""The requests of variables to the libraries, compared with what the libraries do."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING

from repro.processor import in_use

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def ignored_requests(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return a sentence for each request that NumPy or the C library passed over in silence.

    NumPy is imported.
    """
    return (*_numpy(environ), *_libc(environ))


def _numpy(environ: Mapping[str, str]) -> Iterator[str]:
    numpy = importlib.import_module("numpy")
    groups = numpy.show_config(mode="dicts").get("SIMD Extensions", {})
    found, absent = groups.get("found", []), groups.get("not found", [])
    known = [*groups.get("baseline", []), *found, *absent]
    for variable in ("NPY_ENABLE_CPU_FEATURES", "NPY_DISABLE_CPU_FEATURES"):
        for name in re.findall(r"[^,\s]+", environ.get(variable, "")):
            if name not in known:
                yield (
                    f"{variable} names {name}, which NumPy {numpy.__version__} does not know and"
                    f" ignores; it knows {', '.join(known)}"
                )


def _libc(environ: Mapping[str, str]) -> Iterator[str]:
    used = in_use()
    tunables = environ.get("GLIBC_TUNABLES", "")
    for name in re.findall(r"[=,]-([A-Za-z0-9_]+)", tunables):
        if used is not None and name.lower() in used:
            yield (
                f"GLIBC_TUNABLES asks for -{name}, and {name.upper()} is in use: names are in"
                " upper case, and count only when they are set before the process starts"
            )
