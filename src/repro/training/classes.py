"""From a path in the configuration to the class of an estimator, or to a module."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from typing import TYPE_CHECKING, Any

from repro.config.parameters import comes_with_repro
from repro.core.errors import ConfigError, PreconditionError, ReproError
from repro.core.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from sklearn.base import BaseEstimator

_EXTRAS = ("catboost", "lightgbm", "xgboost")
# No extras: PyTorch's CPU build is in an index of its own, which no extra can name.
_APART = {
    "torch": "install PyTorch, whose CPU build is enough: pip install torch, or pip install -r"
    " requirements-torch.txt where a project has that file"
}
_LIBRARY = re.compile(r"lib[\w+-]+\.(so|dylib)[\w.]*|\w+\.dll")
# The systems' packages of the libraries that wheels expect and do not bring.
_PACKAGES = {
    "libgomp": "apt install libgomp1 (Debian, Ubuntu), dnf install libgomp (Fedora)",
    "libomp": "brew install libomp",
}
_PATH = re.compile(r"(?P<module>[A-Za-z_]\w*(\.[A-Za-z_]\w*)*):(?P<name>[A-Za-z_]\w*)", re.ASCII)


def find_class(where: str, path: str, allowed: Sequence[str]) -> type[BaseEstimator]:
    """Import the class of an estimator, from an allowed module.

    Parameters
    ----------
    where : str
        The dotted key that holds the path, for messages.
    path : str
        ``module:Class``.
    allowed : sequence of str
        Top-level modules that may be imported.

    Raises
    ------
    ConfigError
        If the module is not allowed, or has no class of that name that can be an estimator.
    PreconditionError
        If the module cannot be imported.
    """
    parts = _PATH.fullmatch(path)
    if parts is None:
        dotted = re.fullmatch(r"([\w.]+)\.(\w+)", path, re.ASCII)
        hint = f"write {dotted[1]}:{dotted[2]}" if dotted else "write it like sklearn.svm:SVC"
        raise ConfigError(f"{where}: expected module:Class, found {path[:200]!r}", advice=hint)
    module = import_allowed(where, parts["module"], allowed)
    return _checked(where, path, _attribute(where, module, parts["name"]))


def import_allowed(where: str, module: str, allowed: Sequence[str]) -> ModuleType:
    """Import a module if its top-level module is allowed, or it comes with this program.

    Raises
    ------
    ConfigError
        If it is not allowed, or does not exist.
    PreconditionError
        If it cannot be imported.
    """
    top = module.partition(".")[0]
    if top not in allowed and not comes_with_repro(module):
        raise ConfigError(
            f"{where}: the module '{top}' is not allowed",
            advice=f"if you trust it, add '{top}' to security.allowed_modules",
        )
    return _imported(where, module)


def _imported(where: str, module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if "." in missing and f"{module}.".startswith(f"{missing}."):
            raise ConfigError(
                f"{where}: there is no module '{missing}'", advice=_nearest_module(missing)
            ) from error
        raise _not_importable(where, module, str(error), error) from error
    except ImportError as error:
        raise _not_importable(where, module, str(error), error) from error
    # The module is somebody else's code, and importing it may end in any way.
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}"
        raise _not_importable(where, module, reason, error) from error


def _not_importable(where: str, module: str, reason: str, error: BaseException) -> ReproError:
    return PreconditionError(
        f"{where}: cannot import '{module}': {reason}",
        advice=f"{_remedy(module.partition('.')[0], error)}; or {_instead(where)}",
    )


def _instead(where: str) -> str:
    return "choose other families" if where.startswith("models.") else "do without it"


def _remedy(package: str, error: BaseException) -> str:
    library = _LIBRARY.search(str(error))
    if library is not None:
        # The extra is installed; the library that it links to is not.
        name = re.split(r"[.-]", library[0])[0]
        how = _PACKAGES.get(name)
        return f"install the library {name}" + (f": {how}" if how else " of your system")
    missing = (getattr(error, "name", None) or "").partition(".")[0]
    if missing in _APART:
        return _APART[missing]
    if package in _EXTRAS:
        return f"install the extra: pip install -e '.[{package}]', in the project's environment"
    if isinstance(error, ImportError):
        return f"make '{package}' importable, by PYTHONPATH or pip install -e"
    return f"correct '{package}'"


def _nearest_module(missing: str) -> str:
    parent, _, name = missing.rpartition(".")
    package = importlib.import_module(parent)
    found = [module.name for module in pkgutil.iter_modules(getattr(package, "__path__", []))]
    return did_you_mean(name, [each for each in found if not each.startswith("_")])


def _attribute(where: str, module: ModuleType, name: str) -> object:
    try:
        return getattr(module, name)
    # scikit-learn raises ImportError for names that it has removed.
    except (AttributeError, ImportError) as error:
        classes = [each for each, kind in vars(module).items() if _is_estimator_class(kind)]
        raise ConfigError(
            f"{where}: '{module.__name__}' has no class '{name}'",
            advice=did_you_mean(name, classes) if classes else "",
        ) from error


def _is_estimator_class(kind: object) -> bool:
    return isinstance(kind, type) and hasattr(kind, "get_params") and hasattr(kind, "set_params")


def _checked(where: str, path: str, kind: object) -> type[BaseEstimator]:
    if not isinstance(kind, type):
        raise ConfigError(
            f"{where}: '{path}' is a {type(kind).__name__}, expected the class of an estimator"
        )
    if not _is_estimator_class(kind):
        raise ConfigError(f"{where}: '{path}' is not a scikit-learn estimator class")
    if inspect.isabstract(kind):
        raise ConfigError(
            f"{where}: '{path}' is an abstract class: no estimator can be made of it",
            advice="name a class that is derived from it",
        )
    return kind


def takes(function: Callable[..., Any], name: str) -> bool:
    """Return whether a function has a parameter of this name."""
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):
        # Some functions that are written in C do not say what they take.
        return False
