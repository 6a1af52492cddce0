"""scikit-learn and pandas, as a training uses them: what runs through several of the layers below.

The numbers of steps and of points are those of a kernel, not those of a model: nothing is learnt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from repro.capture.fingerprint.inputs import below, seed_of, uniform, wide
from repro.capture.fingerprint.kernel import Kernel, named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FEW: Final = 5
# A boosted tree waits for all threads at each leaf, and many leaves take seconds where others keep
# the processors busy.
_TREES, _LEAVES = 1, 3
_BRUTE: Final = "brute"

_series = named("pandas:Series")
_ridge = named("sklearn.linear_model:Ridge")
_logistic_regression = named("sklearn.linear_model:LogisticRegression")
_pca = named("sklearn.decomposition:PCA")
_svc = named("sklearn.svm:SVC")
_decision_tree = named("sklearn.tree:DecisionTreeRegressor")
_hist_gradient_boosting = named("sklearn.ensemble:HistGradientBoostingRegressor")
_scaler = named("sklearn.preprocessing:StandardScaler")
_imputer = named("sklearn.impute:SimpleImputer")
_nearest_neighbours = named("sklearn.neighbors:NearestNeighbors")


def learning_kernels() -> Iterator[Kernel]:
    """Return the groups of scikit-learn, by what a fit does, and the group ``pandas``."""
    rows = uniform(100, 211, 13)
    target = rows[:, 0] - rows[:, 1] * rows[:, 2]
    yield from _pairwise(rows)
    yield from _solvers(rows, target)
    yield from _trees(rows, target)
    yield from _preprocessing(rows)
    yield from _threads()
    yield from _pandas()


def _pairwise(rows: Any) -> Iterator[Kernel]:
    group = "sklearn.pairwise"
    for name in ("euclidean_distances", "manhattan_distances", "rbf_kernel", "cosine_similarity"):
        yield Kernel(group, name, _metric(name), (rows[:60], rows[60:]))
    single = rows.astype("float32")
    yield Kernel(group, "euclidean_distances float32", _metric("euclidean_distances"), (single,))
    yield Kernel(group, "NearestNeighbors", _neighbours, (rows, _BRUTE))


def _metric(name: str) -> Callable[..., Any]:
    return named(f"sklearn.metrics.pairwise:{name}")


def _solvers(rows: Any, target: Any) -> Iterator[Kernel]:
    group = "sklearn.solvers"
    labels = (target + uniform(101, len(rows)) > 0).astype("int64")
    yield Kernel(group, "Ridge", lambda x, y: _ridge().fit(x, y).coef_, (rows, target))
    for solver in ("newton-cholesky", "lbfgs"):
        yield Kernel(group, f"LogisticRegression {solver}", _logistic, (rows, labels, solver))
    yield Kernel(group, "PCA", _components, (rows,))
    yield Kernel(group, "SVC", _support, (rows[:90], labels[:90]))


def _logistic(rows: Any, labels: Any, solver: str) -> Any:
    return _logistic_regression(solver=solver).fit(rows, labels).coef_


def _components(rows: Any) -> tuple[Any, Any]:
    fitted = _pca(n_components=_FEW).fit(rows)
    return fitted.components_, fitted.explained_variance_


def _support(rows: Any, labels: Any) -> tuple[Any, Any]:
    fitted = _svc(random_state=seed_of(102)).fit(rows, labels)
    return fitted.dual_coef_, fitted.decision_function(rows)


def _trees(rows: Any, target: Any) -> Iterator[Kernel]:
    group = "sklearn.trees"
    yield Kernel(group, "DecisionTree", _tree, (rows, target))
    yield Kernel(group, "HistGradientBoosting", _boosting, (rows, target))


def _tree(rows: Any, target: Any) -> Any:
    return _decision_tree(random_state=seed_of(104)).fit(rows, target).tree_.threshold


def _boosting(rows: Any, target: Any) -> Any:
    model = _hist_gradient_boosting(
        max_iter=_TREES, max_leaf_nodes=_LEAVES, random_state=seed_of(105)
    )
    return model.fit(rows, target).predict(rows)


def _preprocessing(rows: Any) -> Iterator[Kernel]:
    group = "sklearn.preprocessing"
    yield Kernel(group, "StandardScaler", lambda x: _scaler().fit_transform(x), (rows,))
    holes = np.where(below(_FEW, 103, *rows.shape) == 0, np.nan, rows)
    for strategy in ("mean", "median"):
        yield Kernel(group, f"SimpleImputer {strategy}", _impute, (holes, strategy))


def _impute(holes: Any, strategy: str) -> Any:
    return _imputer(strategy=strategy).fit_transform(holes)


def _threads() -> Iterator[Kernel]:
    # Several chunks of 256 rows, which OpenMP's threads share: ties fall by their number.
    grid = below(3, 107, 1031, 4).astype("float64")
    yield Kernel("sklearn.threads", "NearestNeighbors tied", _neighbours, (grid, _BRUTE))


def _neighbours(rows: Any, algorithm: str) -> Any:
    return _nearest_neighbours(algorithm=algorithm).fit(rows).kneighbors(rows[:20])


def _pandas() -> Iterator[Kernel]:
    # Without names: columns of text would load pandas' text type, and with it Arrow.
    values, keys = wide(108, 301), below(9, 110, 301)
    for name in ("sum", "var"):
        yield Kernel("pandas", f"groupby {name}", _grouped, (values, keys, name))
    for name in ("mean", "std"):
        yield Kernel("pandas", f"rolling {name}", _rolling, (values, name))


def _grouped(values: Any, keys: Any, name: str) -> Any:
    return getattr(_series(values).groupby(keys), name)().to_numpy()


def _rolling(values: Any, name: str) -> Any:
    window = _series(values).rolling(_FEW)
    return getattr(window, name)().to_numpy()[_FEW:]
