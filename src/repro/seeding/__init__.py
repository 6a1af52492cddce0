"""Seeds by name, never by position: a new model never shifts the others' seeds."""

from __future__ import annotations

from enum import StrEnum
from operator import index
from typing import TYPE_CHECKING

from repro.core.canonical import TaggedHash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SeedPath = tuple[str | int, ...]
# numpy.random.RandomState takes 32 bits.
_BEYOND = 1 << 32


class SeedScheme(StrEnum):
    """The rule by which the seed of a component follows from the base seed."""

    DERIVED = "derived"
    CONSTANT = "constant"


def derive(base: int, *path: str | int) -> int:
    """Derive the seed of one named component.

    The seed is the first four bytes, big-endian, of SHA-256 over the base seed and the path. Every
    part is tagged with its type and prefixed by its length, so ``("cv", 1)`` and ``("cv", "1")``
    and ``("cv1",)`` have different seeds.

    Parameters
    ----------
    base : int
        The experiment's seed.
    *path : str or int
        The component's name, such as ``"cv", "random_forest", 3``.

    Returns
    -------
    int
        In ``[0, 2**32)``, the range that ``numpy.random.RandomState`` accepts.

    Examples
    --------
    >>> derive(42, "cv", "random_forest", 3) == derive(42, "cv", "random_forest", 3)
    True
    >>> derive(42, "cv", 1) == derive(42, "cv", "1")
    False
    """
    tagged = TaggedHash("seed").add(str(base).encode())
    for part in path:
        tagged.add(b"int" if isinstance(part, int) else b"str").add(str(part).encode())
    return int.from_bytes(bytes.fromhex(tagged.digest().rpartition(":")[2][:8]), "big")


def seed_problem(seed: object) -> str:
    """Return why a value is no seed of the global generators; empty where it is one.

    Examples
    --------
    >>> seed_problem(7), seed_problem("7")
    ('', "seed '7': expected an integer")
    """
    try:
        # Integers of NumPy are as good, and True is most likely a mistake.
        number = None if isinstance(seed, bool) else index(seed)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None:
        return f"seed {seed!r}: expected an integer"
    if not 0 <= number < _BEYOND:
        return f"seed {number}: expected 0 to {_BEYOND - 1}, as NumPy takes it"
    return ""


def name(path: SeedPath) -> str:
    """Spell a seed's path as people read it, such as ``cv/random_forest/3``."""
    return "/".join(str(part) for part in path)


def plan(
    base: int, scheme: SeedScheme, paths: Iterable[SeedPath], start: SeedPath = ()
) -> Mapping[str, int]:
    """Give every named component its seed; what is not planned has none.

    With ``SeedScheme.CONSTANT`` every component has the base seed, as in many existing projects.
    What begins every path is ``start``, which is no part of the names.
    """
    if scheme is SeedScheme.CONSTANT:
        return {name(path): base for path in paths}
    return {name(path): derive(base, *start, *path) for path in paths}
