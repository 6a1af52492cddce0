"""The generators and switches of PyTorch, in a program that has loaded it.

Nothing is imported: the caller hands over the module, so that no program loads a library for it.
"""

from __future__ import annotations

from typing import Any


def seed_torch(torch: Any, seed: int, *, cuda: bool = True) -> tuple[str, ...]:
    """Seed the default generators of PyTorch; return the names of those that were seeded.

    Parameters
    ----------
    torch : module
        As the program has loaded it.
    cuda : bool
        Whether the generators of the graphics processors are seeded too.
    """
    # The first seeds CUDA too.
    (torch if cuda else torch.default_generator).manual_seed(seed)
    return ("torch", "cuda") if cuda and torch.cuda.is_available() else ("torch",)


def make_torch_deterministic(torch: Any) -> dict[str, bool]:
    """Set the switches of PyTorch that choose deterministic algorithms; return them by name."""
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    return {
        "torch_deterministic_algorithms": True,
        "cudnn_deterministic": True,
        "cudnn_benchmark": False,
    }
