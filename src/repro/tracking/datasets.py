"""Tracking data sets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from repro.tracking.checksums import check_algorithm, checksum_of
from repro.tracking.contents import describe
from repro.tracking.contents.paths import USUAL
from repro.tracking.held import kept
from repro.tracking.streams import Stream
from repro.tracking.times import now
from repro.tracking.written import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class DatasetTracker:
    """Describes data at full content.

    Parameters
    ----------
    algorithm : str
        Of the checksums: any of ``hashlib.algorithms_guaranteed`` of a fixed length.
    config : TrackingConfig, optional
        Accepted for the sake of callers; nothing of it is needed.
    """

    def __init__(self, algorithm: str = USUAL, config: Any = None) -> None:
        self.algorithm = check_algorithm(algorithm)
        self.config = config

    def track_dataset(
        self,
        data: Any,
        name: str,
        metadata: Mapping[str, object] | None = None,
        *,
        finished: Callable[[dict[str, Any], str], object] | None = None,
    ) -> dict[str, Any]:
        """Describe data; generators of random numbers keep their states.

        Parameters
        ----------
        data
            An array, a frame, a sparse matrix, a tensor, a data set or loader of PyTorch, a data
            set of Hugging Face, an Arrow table, a container of these, an iterable of batches, or
            the path of a file or a folder.
        finished : callable, optional
            Called with the description and the typed digest of data that can be read only once,
            when it has been read.

        Returns
        -------
        dict
            ``name``, ``type``, ``checksum``, ``digest``, ``timestamp``, ``metadata``, and what is
            known of the kind of data, such as ``shape`` and ``dtype``. For data that can be read
            only once, ``iterable`` is to be read in its place, and ``checksum`` is None until then.

        Raises
        ------
        TrackingError
            If the data has no digest, or cannot be read to its end.
        FileNotFoundError
            If a path leads nowhere.
        """
        info: dict[str, Any] = {"name": name, "type": type(data).__name__}
        end = {"timestamp": now(), "metadata": plain(dict(metadata or {}))}
        if isinstance(data, Iterator):
            info |= {"checksum": None, "digest": None, "complete": False, **end}

            def read(digest: str, count: int) -> None:
                """Fill in what is known once everything was read."""
                info.update(
                    checksum=checksum_of(digest, self.algorithm),
                    digest=digest,
                    complete=True,
                    num_items=count,
                )
                if finished is not None:
                    finished(info, digest)

            info["iterable"] = Stream(data, read)
            return info
        # Reading an array or a file runs nobody's code, and draws from no generator.
        with nullcontext() if _is_inert(data) else kept(data):
            found = describe(data, self.algorithm)
        is_path = isinstance(data, (str, os.PathLike))
        checksum = found.digest if is_path else checksum_of(found.digest, self.algorithm)
        digest = f"{_kind(found.facts)}/v1:{found.digest}" if is_path else found.digest
        return {**info, "checksum": checksum, "digest": digest, **found.facts, **end}


def _is_inert(data: object) -> bool:
    return isinstance(data, (str, os.PathLike)) or type(data).__module__ in _INERT


_INERT = ("numpy", "pandas", "torch")


def _kind(facts: Mapping[str, object]) -> str:
    return "folder" if "file_count" in facts else "file"
