"""Tracking models and tokenizers: architecture and weights, each with a digest."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from repro.core.canonical import TaggedHash, typed_digest
from repro.core.errors import TrackingError
from repro.tracking.checksums import check_algorithm, checksum_of
from repro.tracking.contents.paths import USUAL
from repro.tracking.times import now
from repro.tracking.warned import Warned
from repro.tracking.written import plain, write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


@dataclass(frozen=True)
class ModelContent:
    """The content of a model.

    Attributes
    ----------
    structure : str
        The architecture as text, the same for two models of one architecture.
    weights : str
        Digest of everything that training changes, buffers included.
    size : int or None
        Bytes of the weights, where they are arrays.
    parameters, trainable : int or None
        Number of parameters; None where the model does not count them.
    layers : list of dict
        Name, type and number of parameters of each leaf.
    save : callable or None
        Writes the weights, given a path without suffix, and returns the file's path; None if there
        is no safe format for them.
    """

    structure: str
    weights: str
    size: int | None = None
    parameters: int | None = None
    trainable: int | None = None
    layers: list[dict[str, Any]] = field(default_factory=list)
    save: Callable[[Path], Path] | None = None


class ModelTracker:
    """Describes models and tokenizers.

    Parameters
    ----------
    algorithm : str
        Of the checksums: any of ``hashlib.algorithms_guaranteed`` of a fixed length.
    config : TrackingConfig, optional
        Its ``output_dir`` gets weights and architectures.
    """

    def __init__(self, algorithm: str = USUAL, config: Any = None) -> None:
        self.algorithm = check_algorithm(algorithm)
        self.config = config

    def track_model(
        self,
        model: Any,
        name: str,
        metadata: Mapping[str, object] | None = None,
        save_architecture: bool = True,  # noqa: FBT001, FBT002 - the surface that people call
        save_weights: bool = False,  # noqa: FBT001, FBT002
    ) -> dict[str, Any]:
        """Describe a model at full content.

        Parameters
        ----------
        save_architecture : bool
            Write ``{name}_architecture.txt`` to the configuration's output folder.
        save_weights : bool
            Write the weights there too, in a format that executes nothing when it is read.

        Returns
        -------
        dict
            ``name``, ``type``, ``num_parameters``, ``num_trainable_parameters``, ``layers``,
            ``structure``, ``architecture_checksum``, ``weights_checksum``, ``weights_size_bytes``,
            ``metadata`` and ``timestamp``.

        Raises
        ------
        TrackingError
            If the model has no digest, or weights are to be saved that have no safe format.
        """
        found = _content(model)
        folder = getattr(self.config, "output_dir", None)
        info: dict[str, Any] = {
            "name": name,
            "type": type(model).__name__,
            "num_parameters": found.parameters,
            "num_trainable_parameters": found.trainable,
            "layers": found.layers,
            "structure": found.structure,
            "architecture_checksum": checksum_of(_architecture(model, found), self.algorithm),
            "weights_checksum": checksum_of(found.weights, self.algorithm),
            "weights_size_bytes": found.size,
            "metadata": plain(dict(metadata or {})),
            "timestamp": now(),
        }
        if save_weights and folder is None:
            sentence = "no weights are saved: ModelTracker has no configuration with a folder"
            Warned().once("weights", sentence)
        if save_weights and folder is not None:
            info["weights_path"] = str(_saved(found, model, folder, name))
        if save_architecture and folder is not None:
            path = folder / f"{file_name(name)}_architecture.txt"
            write_text(path, found.structure + "\n")
            info["architecture_path"] = str(path)
        return info

    def track_tokenizer(
        self, tokenizer: Any, name: str, metadata: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """Describe a tokenizer: its vocabulary, its rules and its special tokens.

        Returns
        -------
        dict
            ``name``, ``type``, ``vocab_size``, ``special_tokens``, ``checksum``, ``metadata`` and
            ``timestamp``.

        Raises
        ------
        TrackingError
            If it is no tokenizer.
        """
        from repro.tracking.tokenizers import describe_tokenizer  # noqa: PLC0415

        digest, facts = describe_tokenizer(tokenizer)
        return {
            "name": name,
            "type": type(tokenizer).__name__,
            **facts,
            "checksum": checksum_of(digest, self.algorithm),
            "metadata": plain(dict(metadata or {})),
            "timestamp": now(),
        }


def file_name(name: str) -> str:
    """Return a name as a part of a file's name, without separators of folders."""
    kept = "".join(each if each.isalnum() or each in "-_. " else "_" for each in name)
    return kept.strip(". ") or "unnamed"


def _saved(found: ModelContent, model: Any, folder: Path, name: str) -> Path:
    if found.save is None:
        raise TrackingError(
            f"the weights of a {type(model).__name__} have no format that is safe to read",
            advice="leave save_weights out: their digest is kept",
        )
    folder.mkdir(parents=True, exist_ok=True)
    return found.save(folder / f"{file_name(name)}_weights")


def _architecture(model: Any, found: ModelContent) -> str:
    kind = f"{type(model).__module__.partition('.')[0]}.{type(model).__qualname__}"
    return typed_digest("architecture", [kind, found.structure], version=1)


def _content(model: Any) -> ModelContent:
    try:
        return _found(model)
    except TrackingError:
        raise
    except Exception as error:
        # Each library has errors of its own, such as for a parameter without values.
        is_kind = isinstance(error, TypeError)
        reason = str(error) if is_kind else f"{type(error).__name__}: {error}"
        raise TrackingError(
            f"{type(model).__name__} cannot be tracked as a model: {reason}"[:_WIDE],
            advice="track a PyTorch module, an estimator or a booster, with all of its values",
        ) from error


def _found(model: Any) -> ModelContent:
    packages = {str(own.__module__).partition(".")[0] for own in type(model).__mro__[:-1]}
    for package, place in _LIBRARIES.items():
        is_its = package in packages and package in sys.modules
        if is_its and (found := _from(place, model)) is not None:
            return found
    found = _from(f"{_PLACE}.estimators", model)
    assert found is not None  # noqa: S101 - it raises instead
    return found


def _from(place: str, model: Any) -> ModelContent | None:
    found: ModelContent | None = import_module(place).content(model)
    return found


def weights_digest(named: Any) -> str:
    """Return the digest of named digests, such as of the tensors of a module."""
    tagged = TaggedHash("weights")
    for name, digest in named:
        tagged.add(name.encode()).add(digest.encode())
    return tagged.digest()


_WIDE = 500
_PLACE = "repro.tracking.architectures"
_LIBRARIES = {
    "torch": f"{_PLACE}.modules",
    "lightgbm": f"{_PLACE}.boosters",
    "xgboost": f"{_PLACE}.boosters",
}
