"""A multi-layer perceptron of PyTorch, for classes and for numbers, with the API of scikit-learn.

It computes in float32, on the processor, by one thread and deterministic algorithms. Initial
weights, dropout and the order of the rows have a seed each, derived by name from ``random_state``.
PyTorch's own state is given back as it was found.
"""

from __future__ import annotations

from itertools import pairwise
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.utils import _param_validation as rules
from sklearn.utils.validation import check_is_fitted, validate_data

from repro.core.canonical import tagged_digest
from repro.digest.arrays import digest_array
from repro.digest.estimators import digest_estimator
from repro.families.minibatches import MinibatchFit, to_array, to_tensor
from repro.seeding import derive
from repro.training.checkpoints import current
from repro.training.torch_generators import reproducible_torch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]

_ACTIVATIONS = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "gelu": torch.nn.GELU}
_FLOAT = torch.float32


class _TorchMLP(BaseEstimator):  # type: ignore[misc]
    """The parts that a classifier and a regressor share.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int
        Units of each hidden layer; empty for a linear model.
    activation : {"relu", "tanh", "gelu"}
    dropout : float
        The share of a hidden layer's units that are left out of a step.
    learning_rate, weight_decay : float
        Of AdamW.
    batch_size : int
        Rows of a step.
    epochs : int
        Passes over the rows.
    random_state : int

    Attributes
    ----------
    weights_ : dict of str to torch.Tensor
        The fitted network's, by the names of ``torch.nn.Sequential``.
    loss_curve_ : list of float
        The mean loss of each epoch.
    n_features_in_ : int
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": [list, tuple],
        "activation": [rules.StrOptions(set(_ACTIVATIONS))],
        "dropout": [rules.Interval(Real, 0, 1, closed="left")],
        "learning_rate": [rules.Interval(Real, 0, None, closed="neither")],
        "weight_decay": [rules.Interval(Real, 0, None, closed="left")],
        "batch_size": [rules.Interval(Integral, 1, None, closed="left")],
        "epochs": [rules.Interval(Integral, 1, None, closed="left")],
        "random_state": [rules.Interval(Integral, 0, None, closed="left"), None],
    }

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        hidden_layer_sizes: Sequence[int],
        activation: str,
        dropout: float,
        learning_rate: float,
        weight_decay: float,
        batch_size: int,
        epochs: int,
        random_state: int | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.epochs = epochs
        self.random_state = random_state

    def _fit(self, rows: Matrix, target: Any, outputs: int, weights: Any) -> Self:
        """Fit the network; ``target`` is a tensor with a value for each row."""
        self._validate_params()
        seed = self._seed()
        identity = self._identity(rows, target, weights)
        with reproducible_torch(torch, derive(seed, "network")):
            network = self._network(rows.shape[1], outputs)
            optimizer = torch.optim.AdamW(
                network.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay
            )
            fit = MinibatchFit(
                network,
                optimizer,
                self._loss_of(network, to_tensor(rows.astype(np.float32)), target, weights),
                rows=len(rows),
                batch_size=self.batch_size,
                seed=derive(seed, "order"),
            )
            fit.run(self.epochs, current(), identity)
        self.weights_ = {n: each.detach().clone() for n, each in network.state_dict().items()}
        self.loss_curve_ = fit.losses
        return self

    def _loss_of(self, network: Any, rows: Any, target: Any, weights: Any) -> Any:
        relative = None
        if weights is not None:
            # Of mean 1, so that the step size does not depend on the unit of the weights.
            relative = to_tensor((weights / weights.mean()).astype(np.float32))

        def loss(chosen: Any) -> Any:
            """Return the mean loss of some rows."""
            losses = self._losses(network(rows[chosen]), target[chosen])
            return (losses if relative is None else losses * relative[chosen]).mean()

        return loss

    def _losses(self, outputs: Any, target: Any) -> Any:
        raise NotImplementedError

    def _network(self, inputs: int, outputs: int) -> Any:
        sizes, layers = [inputs, *self.hidden_layer_sizes], []
        made = {"dtype": _FLOAT, "device": "cpu"}
        for before, after in pairwise(sizes):
            layers += [torch.nn.Linear(before, after, **made), _ACTIVATIONS[self.activation]()]
            layers += [torch.nn.Dropout(self.dropout)]
        return torch.nn.Sequential(*layers, torch.nn.Linear(sizes[-1], outputs, **made))

    def _outputs(self, X: Any) -> Matrix:  # noqa: N803
        """Return what the fitted network makes of rows, as float64."""
        check_is_fitted(self, "weights_")
        rows = validate_data(self, X, reset=False, dtype=np.float64)
        outputs = next(reversed(self.weights_.values())).shape[0]
        with reproducible_torch(torch, derive(self._seed(), "network")), torch.inference_mode():
            network = self._network(rows.shape[1], outputs)
            network.load_state_dict(self.weights_)
            found = network.eval()(to_tensor(rows.astype(np.float32)))
        return to_array(found).astype(np.float64)

    def _seed(self) -> int:
        sizes = self.hidden_layer_sizes
        if not all(isinstance(n, Integral) and not isinstance(n, bool) and n > 0 for n in sizes):
            raise ValueError(f"hidden_layer_sizes: expected integers from 1, found {sizes!r}")
        if self.random_state is None:
            raise ValueError("random_state: expected an integer, found None")
        return int(self.random_state)

    def _identity(self, rows: Matrix, target: Any, weights: Any) -> str:
        """Return a digest of everything in this fit's hands that its result depends on."""
        parts = {
            "estimator": digest_estimator(clone(self)),
            "rows": digest_array(rows),
            "target": digest_array(to_array(target)),
            "weights": "" if weights is None else digest_array(weights),
        }
        return tagged_digest("torch-fit", parts, version=1)

    def __getstate__(self) -> dict[str, Any]:
        # Arrays: nothing of PyTorch's own pickles is in a file, and loading runs none of its code.
        return _with_weights(vars(self), to_array)

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(_with_weights(state, to_tensor))


def _with_weights(state: Mapping[str, Any], convert: Any) -> dict[str, Any]:
    found = dict(state)
    if "weights_" in found:
        found["weights_"] = {name: convert(each) for name, each in found["weights_"].items()}
    return found


class TorchMLPClassifier(ClassifierMixin, _TorchMLP):  # type: ignore[misc]
    """A multi-layer perceptron for two or more classes, fitted by cross-entropy.

    The parameters are those of every perceptron of this module; ``classes_`` has the labels.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803
        """Fit on rows of shape (n_samples, n_features) and a label for each.

        Raises
        ------
        ValueError
            If a parameter or the data is refused, or the loss is not finite.
        """
        rows, labels = validate_data(self, X, y, dtype=np.float64, order="C")
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) == 1:
            raise ValueError(f"expected two or more classes, found only {self.classes_[0]!r}")
        target = to_tensor(codes.astype(np.int64))
        return self._fit(rows, target, len(self.classes_), _weights(sample_weight, len(rows)))

    def _losses(self, outputs: Any, target: Any) -> Any:
        return torch.nn.functional.cross_entropy(outputs, target, reduction="none")

    def predict_proba(self, X: Any) -> Matrix:  # noqa: N803
        """Return the probability of each class, of shape (n_samples, n_classes)."""
        outputs = self._outputs(X)
        shifted = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        probabilities: Matrix = shifted / shifted.sum(axis=1, keepdims=True)
        return probabilities

    def predict(self, X: Any) -> npt.NDArray[Any]:  # noqa: N803
        """Return the most probable class of each row."""
        labels: npt.NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels


class TorchMLPRegressor(RegressorMixin, _TorchMLP):  # type: ignore[misc]
    """A multi-layer perceptron for a number, fitted by the squared error.

    The target is scaled to mean 0 and variance 1 for the fit (``target_mean_``,
    ``target_scale_``). The parameters are those of every perceptron of this module.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803
        """Fit on rows of shape (n_samples, n_features) and a number for each.

        Raises
        ------
        ValueError
            If a parameter or the data is refused, or the loss is not finite.
        """
        rows, numbers = validate_data(self, X, y, dtype=np.float64, order="C", y_numeric=True)
        numbers = numbers.astype(np.float64)
        self.target_mean_ = float(numbers.mean())
        self.target_scale_ = float(numbers.std()) or 1.0
        scaled = (numbers - self.target_mean_) / self.target_scale_
        target = to_tensor(scaled.astype(np.float32))
        return self._fit(rows, target, 1, _weights(sample_weight, len(rows)))

    def _losses(self, outputs: Any, target: Any) -> Any:
        return torch.nn.functional.mse_loss(outputs[:, 0], target, reduction="none")

    def predict(self, X: Any) -> npt.NDArray[np.float64]:  # noqa: N803
        """Return a number for each row."""
        values: npt.NDArray[np.float64] = (
            self._outputs(X)[:, 0] * self.target_scale_ + self.target_mean_
        )
        return values


def _weights(given: Any, rows: int) -> npt.NDArray[np.float64] | None:
    if given is None:
        return None
    weights = np.asarray(given, dtype=np.float64)
    usable = weights.shape == (rows,) and np.isfinite(weights).all() and (weights >= 0).all()
    if not usable or not weights.any():
        raise ValueError(
            f"sample_weight: expected {rows} numbers from 0, not all 0, found an array of shape"
            f" {weights.shape}"
        )
    return weights
