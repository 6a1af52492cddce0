"""A transformer, a classifier and functions of a project's own, for composed estimators."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin


class SignedPower(TransformerMixin, BaseEstimator):
    """Raises the distance from the median to a power, and keeps its sign."""

    def __init__(self, power=0.5):
        self.power = power

    def fit(self, X, y=None):
        self.median_ = np.median(X, axis=0)
        return self

    def transform(self, X):
        distance = X - self.median_
        return np.sign(distance) * np.abs(distance) ** self.power


class Jitter(TransformerMixin, BaseEstimator):
    """Adds what it draws from the process's own generator."""

    def fit(self, X, y=None):
        self.noise_ = np.random.normal(scale=0.1, size=X.shape[1])  # noqa: NPY002 - as others do
        return self

    def transform(self, X):
        return X + self.noise_


class NearestMean(ClassifierMixin, BaseEstimator):
    """Scores a class by the distance from its mean, of columns that it draws."""

    def __init__(self, columns=2, random_state=None):
        self.columns = columns
        self.random_state = random_state

    def fit(self, X, y):
        draw = np.random.RandomState(self.random_state)
        self.taken_ = np.sort(draw.permutation(X.shape[1])[: self.columns])
        self.classes_ = np.unique(y)
        self.means_ = np.array(
            [X[y == label][:, self.taken_].mean(axis=0) for label in self.classes_]
        )
        return self

    def predict_proba(self, X):
        distances = ((X[:, None, self.taken_] - self.means_) ** 2).sum(axis=2)
        closeness = 1 / (1 + distances)
        return closeness / closeness.sum(axis=1, keepdims=True)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def root(values):
    return np.sqrt(values)


def squared(values):
    return np.square(values)


def noisy_scores(X, y, random_state=None):
    """Score columns by their distance between classes, and a draw."""
    labels = np.unique(y)
    means = [X[y == label].mean(axis=0) for label in labels]
    drawn = np.random.RandomState(random_state).uniform(0, 1e-9, X.shape[1])
    return np.abs(means[0] - means[-1]) + drawn
