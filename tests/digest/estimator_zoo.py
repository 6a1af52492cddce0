"""Fit one estimator of every kind that must have a digest; as a script, print their digests."""

import importlib
import json
import warnings
from contextlib import suppress

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from repro.digest.estimators import digest_estimator

ROWS = 80
NUMERIC = ["a", "b", "c"]


def table(rows: int = ROWS) -> tuple[pd.DataFrame, pd.Series]:
    """Make features with missing values, text included, and two balanced classes."""
    generator = np.random.default_rng(7)
    frame = pd.DataFrame(generator.normal(size=(ROWS + 1, len(NUMERIC))), columns=NUMERIC)
    target = (frame["a"] + generator.normal(size=ROWS + 1) > 0).astype("int64")
    frame.loc[::9, "b"] = np.nan
    colours = generator.choice(["red", "green", "blue"], size=ROWS + 1)
    frame["colour"] = pd.Series(colours, dtype=object).where(frame.index % 11 > 0, None)
    return frame.iloc[:rows], target.iloc[:rows]


def preprocessor() -> ColumnTransformer:
    numeric = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    text = make_pipeline(
        SimpleImputer(strategy="most_frequent", missing_values=None), OneHotEncoder()
    )
    return ColumnTransformer([("numeric", numeric, NUMERIC), ("text", text, ["colour"])])


def unfitted() -> dict[str, BaseEstimator]:
    """Name every estimator; those in RANDOM depend on their random state."""
    zoo = {
        "logistic_regression": LogisticRegression(),
        "ridge": Ridge(),
        "k_neighbours": KNeighborsClassifier(algorithm="kd_tree"),
        "k_neighbours_ball_tree": KNeighborsRegressor(algorithm="ball_tree"),
        "k_neighbours_brute": KNeighborsClassifier(algorithm="brute"),
        "svc": SVC(),
        "svr": SVR(),
        "decision_tree": DecisionTreeClassifier(max_features=2, random_state=0),
        "regression_tree": DecisionTreeRegressor(random_state=0),
        "random_forest": RandomForestClassifier(10, random_state=0),
        "regression_forest": RandomForestRegressor(10, random_state=0),
        "hist_gradient_boosting": HistGradientBoostingClassifier(max_iter=5, random_state=0),
        "hist_gradient_regression": HistGradientBoostingRegressor(max_iter=5, random_state=0),
        "gradient_boosting": GradientBoostingClassifier(n_estimators=5, random_state=0),
        "gradient_regression": GradientBoostingRegressor(n_estimators=5, random_state=0),
        "calibrated": CalibratedClassifierCV(LogisticRegression(), cv=2),
        "mlp": MLPClassifier((5,), max_iter=5, random_state=0),
        "mlp_regression": MLPRegressor(hidden_layer_sizes=(5,), max_iter=5, random_state=0),
        "pca": PCA(n_components=2),
        "k_means": KMeans(n_clusters=3, init="random", n_init=1, max_iter=1, random_state=0),
        "grid_search": GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2),
        "function": FunctionTransformer(np.arctan),
    }
    # This file is also run as a script, which has no other test module beside it. A system without
    # libgomp raises an OSError: the tests of LightGBM by name say so when they are skipped.
    with suppress(ImportError, OSError):
        zoo |= _lightgbm()
    return zoo


def _lightgbm() -> dict[str, BaseEstimator]:
    lightgbm = importlib.import_module("lightgbm")

    settings = {"n_estimators": 5, "subsample": 0.5, "subsample_freq": 1, "verbose": -1}
    return {
        "lightgbm": lightgbm.LGBMClassifier(random_state=0, **settings),
        "lightgbm_regression": lightgbm.LGBMRegressor(random_state=0, **settings),
    }


RANDOM = (
    *("decision_tree", "random_forest", "regression_forest", "gradient_boosting", "mlp"),
    *("mlp_regression", "k_means", "lightgbm"),
)


def fit(estimator: BaseEstimator, rows: int = ROWS) -> BaseEstimator:
    """Fit a fresh copy behind the preprocessor."""
    frame, target = table(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make_pipeline(preprocessor(), clone(estimator)).fit(frame, target)


def digests() -> dict[str, str]:
    return {name: digest_estimator(fit(estimator)) for name, estimator in unfitted().items()}


if __name__ == "__main__":
    print(json.dumps(digests()))
