"""Whether the modules of estimators can be imported here, asked before anything is trained."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING

from repro.core.errors import PreconditionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import ModuleType

    from repro.config.training import Model

_EXTRAS = ("lightgbm",)
_LIBRARY = re.compile(r"lib[\w+-]+\.(so|dylib)[\w.]*|\w+\.dll")
# The systems' packages of the libraries that wheels expect and do not bring.
_PACKAGES = {
    "libgomp": "apt install libgomp1 (Debian, Ubuntu), dnf install libgomp (Fedora)",
    "libomp": "brew install libomp",
}


def require_modules(models: Mapping[str, Model], allowed: Sequence[str]) -> None:
    """Import the module of every estimator, nested ones too, that may be imported.

    Raises
    ------
    PreconditionError
        If one cannot be imported; the advice says what to install.
    """
    for family, model in models.items():
        where = f"models.{family}"
        for place, path in [(where, model.estimator), *_nested(f"{where}.params", model.params)]:
            module = path.partition(":")[0]
            # What is not allowed is refused where it is built; nothing of it is run before.
            if module.partition(".")[0] in allowed:
                import_module(place, module)


def import_module(where: str, module: str) -> ModuleType:
    """Import the module of an estimator.

    Parameters
    ----------
    where : str
        The key of the configuration that names it.

    Raises
    ------
    PreconditionError
        If it is not installed, or fails while it is imported.
    """
    try:
        return importlib.import_module(module)
    except Exception as error:  # it may be anybody's code, and raise anything
        reason = (
            str(error) if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
        )
        raise PreconditionError(
            f"{where}.estimator: cannot import '{module}': {reason}",
            advice=f"{_remedy(module.partition('.')[0], error)}; or choose other families",
        ) from error


def _remedy(package: str, error: Exception) -> str:
    library = _LIBRARY.search(str(error))
    if library is not None:
        # The extra is there: what it links to is not.
        name = re.split(r"[.-]", library[0])[0]
        how = _PACKAGES.get(name)
        return f"install the library {name}" + (f": {how}" if how else " of your system")
    absent = isinstance(error, ModuleNotFoundError) and (error.name or "") == package
    if package in _EXTRAS:
        return f"install the extra: pip install -e '.[{package}]', in the project's environment"
    if absent or isinstance(error, ImportError):
        return f"make '{package}' importable, by PYTHONPATH or pip install -e"
    return f"correct '{package}'"


def _nested(where: str, value: object) -> Iterator[tuple[str, str]]:
    """Yield the class paths inside parameters, each with its key."""
    if isinstance(value, dict):
        path = value.get("class")
        if set(value) == {"class", "params"} and isinstance(path, str) and ":" in path:
            yield where, path
        for key, child in value.items():
            yield from _nested(f"{where}.{key}", child)
    elif isinstance(value, list):
        for place, child in enumerate(value):
            yield from _nested(f"{where}[{place}]", child)
