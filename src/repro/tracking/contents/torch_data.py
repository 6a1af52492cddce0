"""Digests of PyTorch data sets and loaders by their samples."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from repro.core.canonical import TaggedHash
from repro.core.errors import TrackingError
from repro.tracking.contents.samples import Samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Their order is drawn for each pass, or is that of the data set.
_PLAIN = ("SequentialSampler", "_InfiniteConstantSampler")
# Of samplers that draw: what decides which samples are drawn.
_DRAWN = {
    "RandomSampler": ("replacement", "num_samples"),
    "DistributedSampler": ("num_replicas", "rank"),
}
_ACCIDENTAL = ("generator", "data_source")


def digest_dataset(data: Any, digest: Callable[[object], str]) -> tuple[str, dict[str, Any]]:
    """Return digest and facts of a ``torch.utils.data`` data set or loader.

    A data set counts by its samples in their order. A loader counts by its data set, and by its
    sampler where that selects or weighs samples: batch size, workers and shuffling do not count.

    Raises
    ------
    TrackingError
        If a sample raises an error.
    """
    torch: Any = sys.modules["torch"]
    if isinstance(data, torch.utils.data.DataLoader):
        found, facts = digest_dataset(data.dataset, digest)
        selection = _selection(data)
        if selection is None:
            return found, facts
        tagged = TaggedHash("loader").add(found.encode())
        return tagged.add(digest(selection).encode()).digest(), facts
    samples = Samples(batched=False, digest=digest)
    for sample in _read(data, is_iterable=isinstance(data, torch.utils.data.IterableDataset)):
        samples.add(sample)
    return samples.digest(), {"num_samples": samples.count}


def _read(data: Any, *, is_iterable: bool) -> Iterator[Any]:
    """Yield the samples of a data set.

    Raises
    ------
    TrackingError
        If one cannot be read.
    """
    count = 0
    try:
        for sample in data if is_iterable else map(data.__getitem__, range(len(data))):
            yield sample
            count += 1
    except Exception as error:
        raise TrackingError(
            f"sample {count} of {type(data).__name__} cannot be read:"
            f" {type(error).__name__}: {error}",
            advice="see that the data set can be read to its end",
        ) from error


def _selection(loader: Any) -> object:
    """Return what decides which samples a loader reads; None for each sample once."""
    batches: Any = getattr(loader, "batch_sampler", None)
    is_plain = batches is None or _known(batches) == "BatchSampler"
    sampler = batches if not is_plain else getattr(batches, "sampler", loader.sampler)
    name = _known(sampler)
    if name in _PLAIN:
        return None
    if name in _DRAWN:
        kept = {each: getattr(sampler, each) for each in _DRAWN[name]}
        whole = {"replacement": False, "num_samples": len(loader.dataset)}
        return None if kept in (whole, {"num_replicas": 1, "rank": 0}) else [name, kept]
    held = getattr(sampler, "__dict__", None)
    if held is None:
        return ["places", list(sampler)]
    return [type(sampler).__name__, {n: v for n, v in held.items() if n not in _ACCIDENTAL}]


def _known(sampler: object) -> str:
    """Return the name of a sampler of PyTorch itself; nothing for any other."""
    kind = type(sampler)
    return kind.__name__ if kind.__module__.startswith("torch.utils.data.") else ""
