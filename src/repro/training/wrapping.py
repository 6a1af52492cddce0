"""Estimators around estimators: labels as codes, and scikit-learn's tags for those without any.

Whatever is around it, the pipeline that a run saves predicts the labels of the data set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils import ClassifierTags, RegressorTags, get_tags
from sklearn.utils.metaestimators import available_if

from repro.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from repro.training.scoring import Labels, Matrix


def tags_of(estimator: BaseEstimator) -> Any:
    """Return scikit-learn's tags of an estimator; or None."""
    try:
        return get_tags(estimator)
    except (AttributeError, TypeError, ValueError):
        return None


def unfitted(estimator: BaseEstimator) -> BaseEstimator:
    """Return a copy of an estimator that is not fitted, or itself if it cannot be copied."""
    try:
        return clone(estimator)
    # One that scikit-learn cannot copy was made for this fit.
    except (TypeError, RuntimeError):
        return estimator


def innermost(estimator: BaseEstimator) -> BaseEstimator:
    """Return the estimator that a configuration names, without what was put around it."""
    while isinstance(estimator, Wrapping):
        estimator = estimator.estimator
    return estimator


def is_of_labels(target: Labels) -> bool:
    """Return whether a target has text labels, and no numbers."""
    return target.dtype.kind == "U"


def _has(method: str) -> Callable[[Wrapping], bool]:
    def has(self: Wrapping) -> bool:
        return hasattr(getattr(self, "estimator_", self.estimator), method)

    return has


class Wrapping(MetaEstimatorMixin, BaseEstimator):  # type: ignore[misc]
    """An estimator around a fitted one, ``estimator_``; it predicts as that one does.

    Parameters
    ----------
    estimator : estimator
    """

    def __init__(self, estimator: BaseEstimator) -> None:
        self.estimator = estimator

    def predict(self, X: Matrix) -> Labels:  # noqa: N803
        """Predict as the estimator does."""
        labels: Labels = self.estimator_.predict(self._given(X))
        return labels

    @available_if(_has("predict_proba"))  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Matrix) -> npt.NDArray[np.float64]:  # noqa: N803
        """Return the probability of each class."""
        values: npt.NDArray[np.float64] = self.estimator_.predict_proba(self._given(X))
        return values

    @available_if(_has("decision_function"))  # type: ignore[untyped-decorator]
    def decision_function(self, X: Matrix) -> npt.NDArray[np.float64]:  # noqa: N803
        """Return the decision scores."""
        values: npt.NDArray[np.float64] = self.estimator_.decision_function(self._given(X))
        return values

    def __sklearn_tags__(self) -> Any:
        tags, own = super().__sklearn_tags__(), tags_of(self.estimator)
        if own is not None:
            tags.estimator_type, tags.classifier_tags = own.estimator_type, own.classifier_tags
            tags.regressor_tags, tags.input_tags = own.regressor_tags, own.input_tags
        return tags

    def _given(self, matrix: Matrix) -> Matrix:
        """Return rows in the form that the estimator takes."""
        return matrix


class Tagged(Wrapping):
    """An estimator by its methods alone, with the tags that scikit-learn asks for.

    Parameters
    ----------
    estimator : estimator
        Derived from no class of scikit-learn.

    Attributes
    ----------
    estimator_ : estimator
        The fitted one.
    classes_ : ndarray of shape (n_classes,)
        Of a classification: in the order of the scores.
    """

    def fit(self, X: Matrix, y: Labels, **arguments: Any) -> Tagged:  # noqa: N803
        """Fit on a matrix of shape (n_samples, n_features)."""
        self.is_classifier_ = is_of_labels(y)
        self.estimator_ = unfitted(self.estimator)
        self.estimator_.fit(X, y, **arguments)
        if self.is_classifier_:
            self.classes_ = np.asarray(getattr(self.estimator_, "classes_", np.unique(y)))
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if getattr(self, "is_classifier_", False):
            tags.estimator_type, tags.classifier_tags = "classifier", ClassifierTags()
        else:
            tags.estimator_type, tags.regressor_tags = "regressor", RegressorTags()
        return tags


class LabelCodes(Wrapping):
    """A classifier that is fitted on 0, 1, 2 and so on in place of the labels, in sorted order.

    Parameters
    ----------
    estimator : estimator

    Attributes
    ----------
    estimator_ : estimator
        The fitted one.
    classes_ : ndarray of str, shape (n_classes,)
        The label of each code.
    """

    def fit(self, X: Matrix, y: Labels, **arguments: Any) -> LabelCodes:  # noqa: N803
        """Fit on a matrix of shape (n_samples, n_features) and text labels.

        Raises
        ------
        ConfigError
            If the estimator names classes other than the codes.
        """
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.estimator_ = unfitted(self.estimator)
        self.estimator_.fit(X, codes.astype(np.int64), **arguments)
        expected = np.arange(len(self.classes_))
        known = np.asarray(getattr(self.estimator_, "classes_", expected))
        if not np.array_equal(known, expected):
            raise ConfigError(
                f"{type(innermost(self)).__name__} was fitted on the codes 0 to {expected[-1]}, and"
                f" has the classes {', '.join(map(str, known))}",
                advice="set labels: null, or set classes_ to the codes passed to fit",
            )
        return self

    def predict(self, X: Matrix) -> Labels:  # noqa: N803
        """Predict labels."""
        codes = np.asarray(super().predict(X)).reshape(-1).astype(np.int64)
        labels: Labels = np.asarray(self.classes_, dtype=np.str_)[codes]
        return labels

    @property
    def decision_function_shape(self) -> str:
        """The shape of decision scores, as support vector machines name it."""
        return str(getattr(self.estimator_, "decision_function_shape", "ovr"))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        tags.classifier_tags = tags.classifier_tags or ClassifierTags()
        return tags
