"""``derive_seed``, ``seed_all`` and ``ensure_reproducibility``: what a program draws from."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from operator import index
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from repro.core.errors import ConfigError
from repro.core.variables import HASH_SEED
from repro.seeding import derive, seed_problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class SeedReport:
    """The seeds that ``seed_all`` has set, and what it could not set.

    Attributes
    ----------
    seed : int
    generators : mapping of str to int
        The seed of each global generator that was seeded: ``python``, ``numpy``, and where the
        program has loaded PyTorch ``torch`` and ``cuda``.
    random_states : mapping of str to int
        A seed for each name that was asked for, to give to splitters and models.
    hash_seed : str or None
        The value of ``PYTHONHASHSEED`` that this process was started with; None if it is random.
    not_set : mapping of str to str
        What was not seeded, each with the reason and what to do.
    """

    seed: int
    generators: Mapping[str, int]
    random_states: Mapping[str, int]
    hash_seed: str | None
    not_set: Mapping[str, str]

    def random_state(self, *name: str | int) -> int:
        """Return the seed of one named component, to give as ``random_state``.

        Parameters
        ----------
        *name : str or int
            Such as ``"split"``, or ``"cv", 3``.

        Raises
        ------
        ConfigError
            As ``derive_seed``.
        """
        return derive_seed(self.seed, *name)


def derive_seed(root: int, *name: str | int) -> int:
    """Derive the seed of a named component, as a run of an experiment does.

    Names, unlike positions, keep every other seed as it is when a component is added.

    Parameters
    ----------
    root : int
        The base seed.
    *name : str or int
        The name of the component, in one or more parts.

    Returns
    -------
    int
        In ``[0, 2**32)``, as ``random_state`` accepts it: the first four bytes of a SHA-256 over
        the base seed and the parts (``repro.seeding.derive``).

    Raises
    ------
    ConfigError
        If the root is no seed, or the name is empty or has a part of a different type.

    Examples
    --------
    >>> import repro
    >>> repro.derive_seed(42, "split") == repro.derive_seed(42, "split")
    True
    >>> repro.derive_seed(42, "split") == repro.derive_seed(42, "forest")
    False
    """
    _check(root)
    if not name:
        raise ConfigError("derive_seed: no name", advice="name the component: 'split'")
    for part in name:
        if isinstance(part, bool) or not isinstance(part, str | int):
            raise ConfigError(f"derive_seed: expected text or an integer as name, found {part!r}")
    return derive(index(root), *name)


def seed_all(seed: int, *, names: Iterable[str] = ()) -> SeedReport:
    """Seed the global generators of this process.

    ``random`` and NumPy are seeded. PyTorch is seeded, with CUDA, only where the program has loaded
    it: ``not_set`` says so if it is installed and not loaded. Give splitters and models a
    ``random_state`` of their own: a global generator depends on everything that draws from it.

    Parameters
    ----------
    seed : int
        From 0 to 2**32 - 1.
    names : iterable of str
        Components to derive a ``random_state`` for.

    Returns
    -------
    SeedReport

    Raises
    ------
    ConfigError
        If the seed is not such an integer, or the names are one text; nothing is set then.

    Examples
    --------
    >>> import random, repro
    >>> seeds = repro.seed_all(42, names=["split", "forest"])
    >>> first = random.random()
    >>> seeds.generators["python"], seeds.generators["numpy"]
    (42, 42)
    >>> seeds.random_states["split"] == repro.derive_seed(42, "split")
    True
    >>> _ = repro.seed_all(42)
    >>> random.random() == first
    True
    """
    _check(seed)
    if isinstance(names, str):
        raise ConfigError(
            f"names: expected several names, found the text {names!r}",
            advice=f"names=[{names!r}]",
        )
    number = index(seed)
    derived = {each: derive_seed(number, each) for each in names}
    # Imported when used: it imports NumPy, which would be unseeded if it came later.
    from repro.training.generators import seed_global_generators  # noqa: PLC0415
    from repro.training.torch_generators import seed_torch  # noqa: PLC0415

    seed_global_generators(number)
    torch = loaded_torch()
    seeded = ("python", "numpy", *(seed_torch(torch, number) if torch is not None else ()))
    return SeedReport(
        seed=number,
        generators=MappingProxyType(dict.fromkeys(seeded, number)),
        random_states=MappingProxyType(derived),
        hash_seed=hash_seed(),
        not_set=MappingProxyType(_not_set(torch)),
    )


def loaded_torch() -> Any:
    """Return PyTorch where the program has loaded it, or None."""
    torch = sys.modules.get("torch")
    # A module that is still being imported has no generators yet.
    return torch if hasattr(torch, "manual_seed") else None


def hash_seed() -> str | None:
    """Return the hash seed that this process was started with; None if it is random."""
    if sys.flags.hash_randomization == 0:
        return "0"
    value = os.environ.get(HASH_SEED)
    ignored = sys.flags.ignore_environment or value in {None, "", "random", "0"}
    return None if ignored else value


def _not_set(torch: Any) -> dict[str, str]:
    value = hash_seed()
    found = "random" if value is None else value
    reasons = {
        HASH_SEED: f"{found}: Python reads it once, when it starts; start Python with {HASH_SEED}=0"
    }
    if torch is None and find_spec("torch") is not None:
        reasons["torch"] = "installed and not loaded: call seed_all again after import torch"
    elif torch is None:
        reasons["torch"] = "not installed"
    return reasons


def _check(seed: object) -> None:
    if problem := seed_problem(seed):
        raise ConfigError(problem, advice="pass the seed of your configuration")
