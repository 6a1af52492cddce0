"""PyTorch: optimizer steps, the order of data loaders, and saved objects."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from repro.tracing.adapters import generators

if TYPE_CHECKING:
    from collections.abc import Callable

    from repro.tracing.recorder import Recorder

    Digest = Callable[[object], str]


def torch(module: Any, recorder: Recorder) -> None:
    """Watch optimizer steps (by the library's own hooks), seeds, and ``torch.save``."""
    generators.torch(module, recorder)
    recorder.around(module, "save", lambda value, f, *_, **__: recorder.dump(value, f))
    recorder.digest_with("torch.Tensor", _of_tensor)
    recorder.digest_with("torch.Module", _of_module)
    recorder.digest_with("torch.Optimizer", lambda value, digest: digest(value.state_dict()))
    recorder.digest_with("torch.Generator", lambda value, digest: digest(value.get_state()))
    recorder.digest_with("torch.dtype", lambda value, digest: digest(str(value)))
    recorder.digest_with("torch.device", lambda value, digest: digest(str(value)))
    _watch_optimizers(module, recorder)


def data(module: Any, recorder: Recorder) -> None:
    """Make the start of each pass over a data loader a step, since its order is drawn then."""
    original = module.DataLoader.__iter__

    def begin(loader: Any) -> Any:
        """Record the start of one pass."""
        step = recorder.begin("DataLoader.__iter__", lambda: {"batch_size": loader.batch_size})
        iterator = original(loader)
        # Drawn for this pass: the order of the rows and the seeds of the workers follow from it.
        recorder.finish(step, getattr(iterator, "_base_seed", None))
        return iterator

    module.DataLoader.__iter__ = begin


def _watch_optimizers(module: Any, recorder: Recorder) -> None:
    opened: dict[int, Any] = {}

    def parameters(optimizer: Any) -> list[Any]:
        """Return all parameters of an optimizer."""
        return [each for group in optimizer.param_groups for each in group["params"]]

    def before(optimizer: Any, *_: object) -> None:
        """Begin a step."""
        given = parameters(optimizer)
        opened[id(optimizer)] = recorder.begin(
            f"{type(optimizer).__name__}.step",
            lambda: {"parameters": given, "gradients": [each.grad for each in given]},
        )

    def after(optimizer: Any, *_: object) -> None:
        """Finish a step."""
        step = opened.pop(id(optimizer), None)
        if step is not None:
            recorder.finish(step, parameters(optimizer))

    hooks = importlib.import_module(f"{module.__name__}.optim.optimizer")
    hooks.register_optimizer_step_pre_hook(before)
    hooks.register_optimizer_step_post_hook(after)


def _of_tensor(value: Any, _digest: Digest) -> str:
    from repro.digest.tensors import digest_tensor

    return digest_tensor(value)


def _of_module(value: Any, digest: Digest) -> str:
    name = f"{type(value).__name__} {value}"
    return "module-" + digest([name, value.training, dict(value.state_dict())])
