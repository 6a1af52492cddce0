"""A fit of a network in minibatches, which can be continued from any of its steps.

The state after a step is everything that later steps depend on: weights, the optimizer's moments,
the generator that dropout draws from, the one that orders the rows, this epoch's order, and the
losses. A fit that continues from it gives the same bits as one that was never interrupted.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from repro.training.checkpoints import Arrays, Checkpoints

_NETWORK, _OPTIMIZER = "network.", "optimizer."
_ORDER, _ORDERS, _DROPOUT = "order", "generator.order", "generator.dropout"


class MinibatchFit:
    """A fit of a network by an optimizer, over rows in an order that is drawn for each epoch.

    Parameters
    ----------
    network, optimizer : torch.nn.Module, torch.optim.Optimizer
    loss : callable
        Takes the positions of rows, and returns the loss as a tensor.
    rows, batch_size : int
    seed : int
        Of the generator that orders the rows.

    Attributes
    ----------
    done : int
        The number of steps that are done.
    losses : list of float
        The mean loss of each epoch that is over.
    """

    def __init__(
        self,
        network: Any,
        optimizer: Any,
        loss: Callable[[Any], Any],
        *,
        rows: int,
        batch_size: int,
        seed: int,
    ) -> None:
        self.done = 0
        self.losses: list[float] = []
        self._network, self._optimizer, self._loss = network, optimizer, loss
        self._rows, self._size = rows, min(batch_size, rows)
        self._batches = math.ceil(rows / self._size)
        self._generator = torch.Generator(device="cpu").manual_seed(seed)
        self._order = torch.empty(0, dtype=torch.int64, device="cpu")
        self._sum = 0.0

    def run(self, epochs: int, checkpoints: Checkpoints | None, identity: str) -> None:
        """Do the steps that are left, from the last checkpoint of this fit if there is one.

        Raises
        ------
        ValueError
            If the loss is not finite.
        PreconditionError
            If a checkpoint cannot be written.
        """
        found = None if checkpoints is None else checkpoints.load(identity)
        if found is not None:
            self.restore(*found)
        last = epochs * self._batches
        while self.done < last:
            self._advance()
            if checkpoints is None:
                continue
            if self.done % checkpoints.every == 0 or self.done == last:
                checkpoints.save(identity, self.done, *self.state())

    def _advance(self) -> None:
        batch = self.done % self._batches
        if batch == 0:
            self._order = torch.randperm(self._rows, generator=self._generator, device="cpu")
        chosen = self._order[batch * self._size : (batch + 1) * self._size]
        self._optimizer.zero_grad()
        loss = self._loss(chosen)
        loss.backward()
        self._optimizer.step()
        self.done += 1
        value = loss.item()
        if not math.isfinite(value):
            raise ValueError(
                f"the loss is {value} after {self.done} steps: the fit diverges, with a smaller"
                " learning_rate it may not"
            )
        self._sum += value * len(chosen)
        if self.done % self._batches == 0:
            self.losses.append(self._sum / self._rows)
            self._sum = 0.0

    def state(self) -> tuple[Arrays, dict[str, Any]]:
        """Return everything that later steps depend on, as arrays and values of JSON."""
        tensors = {
            _ORDER: self._order,
            _ORDERS: self._generator.get_state(),
            _DROPOUT: torch.get_rng_state(),
        }
        for name, tensor in self._network.state_dict().items():
            tensors[f"{_NETWORK}{name}"] = tensor
        for position, moments in self._optimizer.state_dict()["state"].items():
            for name, tensor in moments.items():
                tensors[f"{_OPTIMIZER}{position}.{name}"] = tensor
        values = {"step": self.done, "losses": list(self.losses), "sum": self._sum}
        return {name: to_array(tensor) for name, tensor in tensors.items()}, values

    def restore(self, arrays: Arrays, values: Mapping[str, Any]) -> None:
        """Go to where ``state`` was asked for."""
        tensors = {name: to_tensor(array) for name, array in arrays.items()}
        self._network.load_state_dict(_below(tensors, _NETWORK))
        moments: dict[int, dict[str, Any]] = {}
        for name, tensor in _below(tensors, _OPTIMIZER).items():
            position, _, moment = name.partition(".")
            moments.setdefault(int(position), {})[moment] = tensor
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self._order = tensors[_ORDER]
        self._generator.set_state(tensors[_ORDERS])
        torch.set_rng_state(tensors[_DROPOUT])
        self.done, self.losses = values["step"], list(values["losses"])
        self._sum = values["sum"]


def to_array(tensor: Any) -> np.ndarray[Any, Any]:
    """Return a copy of a tensor as an array."""
    return np.array(tensor.detach().cpu().numpy(), copy=True)


def to_tensor(array: np.ndarray[Any, Any]) -> Any:
    """Return a copy of an array as a tensor, in memory that PyTorch aligns as its own."""
    return torch.from_numpy(np.ascontiguousarray(array)).reshape(array.shape).clone()


def _below(tensors: Mapping[str, Any], start: str) -> dict[str, Any]:
    found = tensors.items()
    return {name.removeprefix(start): each for name, each in found if name.startswith(start)}
