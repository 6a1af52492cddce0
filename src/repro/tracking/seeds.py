"""Seeds and states of random generators: capture, set, save and restore."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repro.core.errors import TrackingError
from repro.seeding import seed_problem
from repro.tracking.states import (
    check_fits,
    digest_of_states,
    generator_of,
    restore,
    state_of_generator,
    states_now,
)
from repro.tracking.times import now
from repro.tracking.written import write_text
from repro.training.torch_generators import make_torch_deterministic, seed_torch

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMA = "repro.seeds/v1"


class SeedTracker:
    """Captures, sets, saves and restores the global generators of random numbers.

    Parameters
    ----------
    track_python, track_numpy, track_torch, track_cuda : bool
        Which generators take part, where their libraries are installed.
    """

    def __init__(
        self,
        *,
        track_python: bool = True,
        track_numpy: bool = True,
        track_torch: bool = True,
        track_cuda: bool = True,
    ) -> None:
        self._parts = {
            "python": track_python,
            "numpy": track_numpy,
            "torch": track_torch,
            "cuda": track_cuda,
        }

    def capture_seeds(self) -> dict[str, Any]:
        """Return the exact states of all generators whose libraries are loaded.

        Returns
        -------
        dict
            ``timestamp``, ``seeds`` by the name of the generator, and ``seed_checksum``.
        """
        states = states_now(**self._parts)
        checksum = digest_of_states(states).rpartition(":")[2]
        return {"timestamp": now(), "seeds": states, "seed_checksum": checksum}

    def set_seeds(self, seed: int, track_cuda: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002
        """Seed all generators.

        PyTorch is imported where it is installed, since it would be unseeded otherwise. The hash
        seed of Python cannot be set in a running process.

        Parameters
        ----------
        seed : int
            From 0 to 2**32 - 1, which every generator takes.

        Returns
        -------
        dict
            ``timestamp``, ``set_seed``, and ``seeds`` with the ``seed`` of each generator.

        Raises
        ------
        TrackingError
            If the seed is no such integer; nothing is set then.
        """
        if problem := seed_problem(seed):
            raise TrackingError(problem)
        number = int(seed.__index__())
        names = self._seeded(number, cuda=track_cuda)
        seeds = {name: {"seed": number} for name in names}
        return {"timestamp": now(), "set_seed": number, "seeds": seeds}

    def create_reproducible_environment(self, seed: int) -> dict[str, Any]:
        """Seed all generators and make the libraries deterministic.

        Returns
        -------
        dict
            As ``set_seeds``, with ``reproducibility_settings``: what applies now, and what
            takes effect only in a process that is started with it.
        """
        result = self.set_seeds(seed)
        return {**result, "reproducibility_settings": _settings()}

    def save_seed_state(
        self, path: str | os.PathLike[str], generators: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Write the exact states of all generators to a JSON file, whole or not at all.

        Parameters
        ----------
        generators : mapping of str to generator, optional
            Others than the global ones: of ``random``, ``numpy.random`` (``Generator`` and
            ``RandomState``) and ``torch``.

        Returns
        -------
        dict
            What was written.
        """
        own = {name: state_of_generator(each) for name, each in (generators or {}).items()}
        content = {"schema": _SCHEMA, **self.capture_seeds(), "generators": own}
        write_text(Path(path), json.dumps(content, indent=2) + "\n")
        return content

    def load_seed_state(
        self, path: str | os.PathLike[str], generators: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Set all generators to the states in a file, so that their streams continue bit for bit.

        The whole file is read before the first generator is set.

        Parameters
        ----------
        generators : mapping of str to generator, optional
            They are set to the saved states of their names; a saved one that is not given is made.

        Returns
        -------
        dict
            The content of the file; ``generators`` has the generators.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            "Invalid JSON", if the file is not JSON.
        RuntimeError
            "Missing required field", if the file lacks one; a state that cannot be set, or that
            is not the one that ``seed_checksum`` is of.
        """
        content = _read(Path(path))
        _check_states(content, Path(path))
        given = dict(generators or {})
        missing = [name for name in given if name not in content["generators"]]
        if missing:
            raise RuntimeError(f"Missing required field: generators.{missing[0]} in {path}")
        try:
            made = {n: generator_of(s) for n, s in content["generators"].items()}
            for name, each in given.items():
                check_fits(each, content["generators"][name])
            restore({n: s for n, s in content["seeds"].items() if self._parts.get(n, True)})
            for name, each in given.items():
                made[name] = generator_of(content["generators"][name], each)
        except TrackingError as error:
            raise RuntimeError(f"{path}: {error.message}") from error
        return {**content, "generators": made}

    def _seeded(self, seed: int, *, cuda: bool) -> list[str]:
        found = []
        if self._parts["python"]:
            random.seed(seed)
            found.append("python")
        if self._parts["numpy"]:
            import numpy as np  # noqa: PLC0415 - an unloaded one would be unseeded

            np.random.seed(seed)  # noqa: NPY002 - the global generator is what is asked for
            found.append("numpy")
        if self._parts["torch"] and (torch := _torch()) is not None:
            found += seed_torch(torch, seed, cuda=cuda and self._parts["cuda"])
        return found


def _torch() -> Any:
    if "torch" not in sys.modules and importlib.util.find_spec("torch") is None:
        return None
    import torch  # noqa: PLC0415 - an extra

    return torch


def _settings() -> dict[str, Any]:
    hash_seed = os.environ.get("PYTHONHASHSEED")
    fixed = sys.flags.hash_randomization == 0 or hash_seed not in (None, "random")
    settings: dict[str, Any] = {
        "hash_seed": hash_seed if fixed else None,
        "hash_seed_note": ""
        if fixed
        else "not fixed: start Python with PYTHONHASHSEED=0, or use repro record or repro exec",
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        settings |= {
            **make_torch_deterministic(torch),
            "cublas_workspace_config": os.environ.get("CUBLAS_WORKSPACE_CONFIG"),
        }
    return settings


def _check_states(content: dict[str, Any], path: Path) -> None:
    """Refuse states that were changed after they were saved; other programs save no checksum."""
    saved = content.get("seed_checksum")
    if saved is not None and saved != digest_of_states(content["seeds"]).rpartition(":")[2]:
        raise RuntimeError(
            f"{path}: the states of the generators are not those that were saved: their digest"
            " differs from seed_checksum"
        )


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise FileNotFoundError(f"{path}: no file with seed states")
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"Invalid JSON in {path}: {error}") from error
    if not isinstance(content, dict):
        raise RuntimeError(f"Missing required field: seeds in {path}")  # noqa: TRY004
    for name in ("seeds", "timestamp"):
        if name not in content:
            raise RuntimeError(f"Missing required field: {name} in {path}")
    content.setdefault("generators", {})
    for name in ("seeds", "generators"):
        parts = content[name]
        if not isinstance(parts, dict) or not all(isinstance(v, dict) for v in parts.values()):
            raise RuntimeError(f"Missing required field: {name} in {path} is no object of objects")
    return content
