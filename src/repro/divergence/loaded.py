"""The code that two trainings loaded, as far as their records name it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.config.functions import KNOWN, function_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from repro.core.record import AnyRecord

# Families that read no file and no property of the machine beside what is recorded of them.
_KNOWN = frozenset({"sklearn", "catboost", "lightgbm", "xgboost", "repro"})
# The pipeline's own files, or the one digest of them where no commit names them.
_OWN, _WHOLE = "src/repro/", "repro"
# The sections whose values become objects, and the keys that hold import paths in them.
_BUILT = ("models", "preprocessing")
_PATHS = frozenset({"class", "estimator", "function", "transformer"})
_STARTED = (".pth", ".egg", ".whl", ".dist-info")
_SOURCE = (".py", ".pyx", ".pyc", ".so", ".pyd", ".dylib", ".zip")


@dataclass(frozen=True)
class Loaded:
    """The code that two trainings ran beside the pipeline and the packages that it requires.

    Attributes
    ----------
    files : frozenset of str
        Files of code, by their names in a record.
    packages : frozenset of str
        Distributions that estimators come from.
    foreign : bool
        Whether any code was loaded that may read files, variables or properties of the machine.
    whole : bool
        Whether a program of its own was run, which may use any package that there is.
    """

    files: frozenset[str] = frozenset()
    packages: frozenset[str] = frozenset()
    foreign: bool = False
    whole: bool = False

    @staticmethod
    def by(expected: AnyRecord, actual: AnyRecord, files: Collection[str] = ()) -> Loaded:
        """Collect what two records name.

        Parameters
        ----------
        files : collection of str
            Further files of code that were loaded.
        """
        records = (expected, actual)
        known = frozenset(files).union(*(record.code or {} for record in records))
        whole = not all(record.is_pipeline for record in records)
        parts = [record.config.get(name) for record in records for name in _BUILT]
        roots = {root for part in parts for root in _roots(part)}
        return Loaded(
            files=known,
            packages=frozenset().union(*(record.environment.used or () for record in records)),
            foreign=whole or bool(roots - _KNOWN) or not all(map(_is_own, known)),
            whole=whole,
        )

    def is_data(self, name: str) -> bool:
        """Return whether a file that training used is no code, by its name."""
        return not (self.whole or _is_own(name) or may_be_code(name) or name.endswith(_STARTED))


def code_of(record: AnyRecord) -> dict[str, object]:
    """Return the commit, and the SHA-256 of loaded files that the commit does not identify."""
    return {"commit": record.environment.commit, **(record.code or {})}


def may_be_code(name: str) -> bool:
    """Return whether a file can have been loaded, of a record that does not say which were."""
    return name.endswith(_SOURCE)


def _is_own(name: str) -> bool:
    return name.startswith(_OWN) or name == _WHOLE


def _roots(value: object) -> Iterator[str]:
    """Yield the top-level module of every class and function that a section names."""
    if isinstance(value, dict):
        if function_path(value) in KNOWN:
            return
        for key, inner in value.items():
            if key in _PATHS and isinstance(inner, str):
                yield inner.replace(":", ".").partition(".")[0]
            else:
                yield from _roots(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _roots(inner)
