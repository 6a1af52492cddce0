"""Digests of PyTorch data sets and loaders by their samples."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from repro.core.canonical import TaggedHash
from repro.core.errors import TrackingError
from repro.tracking.contents.samples import Samples

if TYPE_CHECKING:
    from collections.abc import Callable

# Their order is drawn for each pass, or is that of the data set.
_PLAIN = ("SequentialSampler", "RandomSampler", "DistributedSampler", "_InfiniteConstantSampler")


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
        sampler = data.sampler
        if type(sampler).__name__ in _PLAIN:
            return found, facts
        kept = {n: v for n, v in vars(sampler).items() if n not in ("generator", "data_source")}
        tagged = TaggedHash("loader").add(found.encode()).add(type(sampler).__name__.encode())
        return tagged.add(digest(kept).encode()).digest(), facts
    samples = Samples(batched=False, digest=digest)
    try:
        if isinstance(data, torch.utils.data.IterableDataset):
            for sample in data:
                samples.add(sample)
        else:
            for position in range(len(data)):
                samples.add(data[position])
    except TypeError:
        raise
    except Exception as error:
        raise TrackingError(
            f"sample {samples.count} of {type(data).__name__} cannot be read:"
            f" {type(error).__name__}: {error}",
            advice="see that the data set can be read to its end",
        ) from error
    return samples.digest(), {"num_samples": samples.count}
