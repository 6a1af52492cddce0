"""The generators and switches of PyTorch, in a program that has loaded it.

Nothing is imported: the caller hands over the module, so that no program loads a library for it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


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


@contextmanager
def reproducible_torch(torch: Any, seed: int) -> Iterator[None]:
    """Compute by one thread, deterministic algorithms and a seeded generator; then restore all.

    Parameters
    ----------
    torch : module
        As the program has loaded it.
    seed : int
        Of the default generator, which initial weights and dropout are drawn from.
    """
    threads, cudnn = torch.get_num_threads(), torch.backends.cudnn
    deterministic = torch.are_deterministic_algorithms_enabled()
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    switches = cudnn.deterministic, cudnn.benchmark
    # No devices: only the generator of the processor is used, and given back.
    with torch.random.fork_rng(devices=[]):
        try:
            torch.set_num_threads(1)
            make_torch_deterministic(torch)
            seed_torch(torch, seed, cuda=False)
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(mode=deterministic, warn_only=warns)
            cudnn.deterministic, cudnn.benchmark = switches
