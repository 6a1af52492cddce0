"""From a configured class path and parameters to an estimator."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sklearn.base import ClusterMixin, is_classifier, is_outlier_detector, is_regressor
from sklearn.pipeline import Pipeline

from repro.config.functions import function_path
from repro.core.errors import ConfigError, DataError, ReproError
from repro.core.suggest import did_you_mean
from repro.training.classes import find_class
from repro.training.functions import find_function
from repro.training.magnitudes import remedy
from repro.training.parameters import check_names, check_values
from repro.training.searching.checks import check_search, first_of
from repro.training.stopping import check_stops

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sklearn.base import BaseEstimator

    from repro.config.preprocessing import Transform
    from repro.config.training import Model

_NESTED = {"class", "params"}
# What the seed and the level decide, whatever the class: seeds, threads, and files that are left.
_SEEDS = ("random_state", "random_seed")
_THREADS = ("n_jobs", "thread_count")
_FILES = "allow_writing_files"
# What scikit-learn takes in place of a member of a pipeline or an ensemble.
_PLACEHOLDERS = ("passthrough", "drop", None)
_SCORES = ("predict_proba", "decision_function")


def build(family: str, model: Model, seed: int, allowed: Sequence[str]) -> BaseEstimator:
    """Make the unfitted estimator of a candidate.

    A mapping with the keys ``class`` and ``params`` becomes an estimator too, wherever it stands:
    as a parameter, in a list, at any depth. One with the only key ``function`` becomes that
    function. Every ``random_state`` or ``random_seed`` gets the
    seed, every ``n_jobs`` and ``thread_count`` is 1, and ``allow_writing_files`` is false, in
    nested estimators as well.

    Raises
    ------
    ConfigError
        If a class's module is not allowed, the class is no estimator's, or a parameter is unknown,
        missing, or not of the values that the class declares.
    PreconditionError
        If the class's package is not installed.
    """
    builder = _Builder(seed, tuple(allowed))
    where = f"models.{family}"
    return builder.instance(
        (f"{where}.estimator", f"{where}.params"), model.estimator, model.params
    )


def build_part(where: str, step: Transform, seed: int, allowed: Sequence[str]) -> BaseEstimator:
    """Make the unfitted transformer of a step, as ``build`` makes an estimator.

    Parameters
    ----------
    where : str
        The dotted key of the step, for messages.

    Raises
    ------
    ConfigError, PreconditionError
        As ``build``; or if the class does not transform.
    """
    keys = (f"{where}.transformer", f"{where}.params")
    made = _Builder(seed, tuple(allowed)).instance(keys, step.transformer, step.params)
    missing = [method for method in ("fit", "transform") if not hasattr(type(made), method)]
    if missing:
        raise ConfigError(
            f"{keys[0]}: {type(made).__name__} has no method '{missing[0]}'",
            advice="name a transformer, such as sklearn.preprocessing:TargetEncoder",
        )
    return made


def build_detector(where: str, step: Transform, seed: int, allowed: Sequence[str]) -> BaseEstimator:
    """Make the unfitted detector of outliers, as ``build`` makes an estimator.

    Parameters
    ----------
    where : str
        The dotted key of the removal, for messages.

    Raises
    ------
    ConfigError, PreconditionError
        As ``build``; or if the class finds no outliers.
    """
    keys = (f"{where}.estimator", f"{where}.params")
    made = _Builder(seed, tuple(allowed)).instance(keys, step.transformer, step.params)
    if not hasattr(made, "fit_predict"):
        raise ConfigError(
            f"{keys[0]}: {type(made).__name__} has no method 'fit_predict' that finds outliers",
            advice="name a detector, such as sklearn.neighbors:LocalOutlierFactor",
        )
    return made


def check(
    family: str, model: Model, kind: str, allowed: Sequence[str], *, weighted: bool = False
) -> None:
    """Check a candidate as far as that is possible without data.

    Parameters
    ----------
    kind : str
        ``classification`` or ``regression``.
    weighted : bool, optional
        Whether rows have weights.

    Raises
    ------
    ConfigError, PreconditionError
        As ``build``; or if the estimator is not made for this kind of task, or takes no weights.
    """
    if model.search is not None:
        check_search(family, model, lambda each: build(family, each, 0, allowed))
    estimator = build(family, first_of(model), 0, allowed)
    where, name = f"models.{family}.estimator", type(estimator).__name__
    role = _role(estimator)
    wanted = "a regressor" if kind == "regression" else "a classifier"
    if role not in {"", wanted}:
        raise ConfigError(
            f"{where}: {name} is {role}, and a {kind} needs {wanted}",
            advice=f"name {wanted}",
        )
    # Whether a fitted one will predict, some know only when they are fitted.
    missing = [m for m in ("fit", "predict") if not role and not hasattr(estimator, m)]
    if missing:
        raise ConfigError(f"{where}: {name} has no method '{missing[0]}'", advice=f"name {wanted}")
    if model.early_stopping is not None:
        check_stops(family, estimator)
    if weighted:
        from repro.training.weighted_fits import check_takes_weights  # noqa: PLC0415

        check_takes_weights(family, estimator)
    if kind != "regression" and not any(hasattr(type(estimator), score) for score in _SCORES):
        raise ConfigError(
            f"{where}: {name} has neither predict_proba nor decision_function",
            advice="name a classifier that scores its classes",
        )


def _role(estimator: BaseEstimator) -> str:
    """Return what an estimator is made for; empty if it does not say."""
    roles = {
        "a classifier": is_classifier,
        "a regressor": is_regressor,
        "an outlier detector": is_outlier_detector,
        "a clusterer": lambda each: isinstance(each, ClusterMixin),
    }
    for role, has in roles.items():
        try:
            if has(estimator):
                return role
        # One without scikit-learn's base class cannot be asked.
        except (AttributeError, TypeError, ValueError):
            continue
    return ""


@contextmanager
def refusal(family: str, estimator: BaseEstimator, what: str) -> Iterator[None]:
    """Turn anything that an estimator raises into an error for people.

    Raises
    ------
    ConfigError
        If something about the estimator was already found wrong; the message begins with its key.
    DataError
        If the estimator refuses the data or a parameter's value, or fails in any other way.
    """
    name = type(estimator).__name__
    try:
        yield
    except ConfigError as error:
        if error.message.startswith("models."):
            raise
        raise ConfigError(f"models.{family}: {error.message}", advice=error.advice) from error
    except ReproError:
        raise
    # The estimator is somebody else's code. One that exits would end as if it had been asked to.
    except (Exception, SystemExit) as error:
        kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
        raise DataError(
            f"models.{family}: {name} refused to {what}: {kind}{error}",
            advice=remedy(family, error),
        ) from error


@dataclass(frozen=True)
class _Builder:
    """Makes estimators of one seed, from allowed modules."""

    seed: int
    allowed: tuple[str, ...]

    def instance(
        self, where: tuple[str, str], path: str, params: Mapping[str, Any]
    ) -> BaseEstimator:
        """Make one estimator, and those nested in its parameters first.

        Parameters
        ----------
        where : tuple of (str, str)
            The dotted keys of the class and of the parameters.
        """
        kind = find_class(where[0], path, self.allowed)
        check_names(where[1], kind, params)
        values = {name: self._value(f"{where[1]}.{name}", each) for name, each in params.items()}
        try:
            estimator = kind(**values)
        # Somebody else's code again.
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise ConfigError(f"{where[1]}: {kind.__name__} rejected them: {reason}") from error
        check_values(where[1], estimator, values)
        if isinstance(estimator, Pipeline):
            _check_steps(f"{where[1]}.steps", estimator.steps)
        return self._seeded(where[1], estimator)

    def _seeded(self, where: str, estimator: BaseEstimator) -> BaseEstimator:
        fixed: dict[str, int] = {}
        seeded: set[str] = set()
        try:
            for name, value in _settings(estimator).items():
                place, _, last = name.rpartition("__")
                # A step of a pipeline may have any name.
                if hasattr(value, "get_params"):
                    continue
                if last in _SEEDS:
                    # Of two names of one parameter only one may be set.
                    if place not in seeded:
                        fixed[name] = self.seed
                    seeded.add(place)
                elif last in _THREADS:
                    fixed[name] = 1
                elif last == _FILES:
                    fixed[name] = False
            return estimator.set_params(**fixed) if fixed else estimator
        except Exception as error:
            name, reason = type(estimator).__name__, f"{type(error).__name__}: {error}"
            raise ConfigError(f"{where}: {name} rejected them: {reason}") from error

    def _value(self, where: str, value: object) -> object:
        if isinstance(value, list):
            return self._list(where, value)
        if not isinstance(value, dict):
            return value
        path = function_path(value)
        if path is not None:
            return find_function(where, path, self.seed, self.allowed)
        if not isinstance(value.get("class"), str):
            if set(value) == _NESTED:
                raise ConfigError(f"{where}.class: expected module:Class, found {value['class']!r}")
            return {key: self._value(f"{where}.{key}", each) for key, each in value.items()}
        for key in sorted(value.keys() - _NESTED):
            raise ConfigError(
                f"{where}: unknown key '{key}' beside 'class'", advice=did_you_mean(key, _NESTED)
            )
        params = value.get("params", {})
        if not isinstance(params, dict):
            raise ConfigError(f"{where}.params: expected a mapping, found {params!r}")
        return self.instance((f"{where}.class", f"{where}.params"), value["class"], params)

    def _list(self, where: str, value: Sequence[object]) -> object:
        made = [self._value(f"{where}.{index}", each) for index, each in enumerate(value)]
        members = [row for row in made if isinstance(row, tuple)]
        if members:
            _check_members(where, made)
            return [tuple(row) if isinstance(row, list) else row for row in made]
        # A name and an estimator: a member of a pipeline or an ensemble.
        named = bool(made) and isinstance(made[0], str)
        return tuple(made) if named and any(map(_is_estimator, made)) else made


def _settings(estimator: BaseEstimator) -> dict[str, object]:
    """Return the parameters of an estimator, those included that are set by nobody.

    CatBoost names only what was set.
    """
    named = inspect.signature(type(estimator)).parameters.values()
    taken = {each.name: each.default for each in named if each.kind is not each.VAR_KEYWORD}
    given: dict[str, object] = estimator.get_params(deep=True)
    return given if given.keys() & taken.keys() == taken.keys() else taken | given


def _is_estimator(value: object) -> bool:
    return hasattr(value, "get_params") and not isinstance(value, type)


def _check_members(where: str, rows: Sequence[object]) -> None:
    """Check a list of named estimators."""
    names: list[str] = []
    for index, row in enumerate(rows):
        place = f"{where}.{index}"
        if not isinstance(row, list | tuple) or len(row) < len(("name", "estimator")):
            raise ConfigError(f"{place}: expected [name, estimator], found {_shown(row)}")
        name, member = row[0], row[1]
        if not isinstance(name, str) or not name or "__" in name or name in names:
            raise ConfigError(
                f"{place}.0: expected a name of its own without '__', found {_shown(name)}"
            )
        names.append(name)
        if not _is_estimator(member) and member not in _PLACEHOLDERS:
            raise ConfigError(
                f"{place}.1: expected an estimator, found {_shown(member)}",
                advice="write {class: 'module:Class', params: {}}",
            )


def _shown(value: object) -> str:
    return type(value).__name__ if _is_estimator(value) else repr(value)[:200]


def _check_steps(where: str, steps: object) -> None:
    """Check that every step of a pipeline but the last one transforms."""
    if not isinstance(steps, list) or not steps:
        raise ConfigError(
            f"{where}: expected a list of [name, estimator], found {_shown(steps)}",
            advice="write [[name, {class: 'module:Class', params: {}}], …]",
        )
    _check_members(where, steps)
    for index, (_, member, *_) in enumerate(steps[:-1]):
        if _is_estimator(member) and not hasattr(member, "transform"):
            raise ConfigError(
                f"{where}.{index}.1: {type(member).__name__} has no method 'transform', which every"
                " step but the last one needs"
            )
