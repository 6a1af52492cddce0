"""PyTorch modules, Hugging Face models included."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from repro.core.errors import TrackingError
from repro.digest.tensors import digest_tensor
from repro.tracking.contents.kinds import digest_part
from repro.tracking.models import ModelContent, weights_digest

if TYPE_CHECKING:
    from pathlib import Path

# Of a Hugging Face configuration: where it was loaded from, and by which version.
_ACCIDENTAL = ("_name_or_path", "transformers_version", "_commit_hash", "torch_dtype", "dtype")


def content(model: Any) -> ModelContent | None:
    """Return the content of a module; None for anything else."""
    torch: Any = sys.modules["torch"]
    if not isinstance(model, torch.nn.Module):
        return None
    state = model.state_dict(keep_vars=True)
    tensors = {n: each for n, each in state.items() if isinstance(each, torch.Tensor)}
    # Buffers that are not saved are computed with too.
    tensors |= {n: each for n, each in model.named_buffers() if n not in tensors}
    rest = {n: each for n, each in state.items() if n not in tensors}
    named = [(n, digest_tensor(each)) for n, each in tensors.items()]
    named += [(n, digest_part(each)) for n, each in rest.items() if each is not None]
    parameters = list(model.parameters())
    return ModelContent(
        structure=_structure(model, tensors),
        weights=weights_digest(named),
        size=sum(each.numel() * each.element_size() for each in tensors.values()),
        parameters=sum(each.numel() for each in parameters),
        trainable=sum(each.numel() for each in parameters if each.requires_grad),
        layers=[
            {
                "name": name or type(layer).__name__,
                "type": type(layer).__name__,
                "parameters": sum(each.numel() for each in layer.parameters(recurse=False)),
            }
            for name, layer in model.named_modules()
            if not any(True for _ in layer.children())
        ],
        save=lambda path: _save(tensors, path),
    )


def _structure(model: Any, tensors: dict[str, Any]) -> str:
    lines = [str(model), ""]
    lines += [f"{name}: {each.dtype} {tuple(each.shape)}" for name, each in tensors.items()]
    config: Any = getattr(model, "config", None)
    if hasattr(config, "to_dict"):
        settings = {n: v for n, v in config.to_dict().items() if n not in _ACCIDENTAL}
        lines += ["", json.dumps(settings, indent=2, sort_keys=True, default=str)]
    return "\n".join(lines)


def _save(tensors: dict[str, Any], path: Path) -> Path:
    try:
        from safetensors.torch import save_file  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise TrackingError(
            "safetensors is missing, in which weights are saved",
            advice="pip install safetensors, or leave save_weights out",
        ) from error
    target = path.with_name(f"{path.name}.safetensors")
    partial = path.with_name(f".{path.name}.partial")
    # Tensors that share memory are written separately.
    whole = {name: each.detach().cpu().contiguous().clone() for name, each in tensors.items()}
    save_file(whole, partial)
    partial.replace(target)
    return target
