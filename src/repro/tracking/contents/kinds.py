"""The function that digests a value, by the library that its class comes from."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repro.core.canonical import TaggedHash
from repro.core.errors import TrackingError
from repro.tracking.contents.paths import USUAL, digest_path
from repro.tracking.contents.values import digest_container, digest_scalar, is_plain

if TYPE_CHECKING:
    from collections.abc import Callable

GROUP = "repro.tracking.data"
"""Entry points of other distributions: a function that digests a value, or returns None."""

_WIDE = 500
_ARROW = ("Table", "RecordBatch")


@dataclass(frozen=True)
class Described:
    """Digest and facts of a value.

    Attributes
    ----------
    digest : str
        ``<kind>/v<version>:<hex>``; plain hexadecimal of a file.
    facts : dict
        What is known about it, such as shape and dtype.
    """

    digest: str
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def hexadecimal(self) -> str:
        """The digest without its kind."""
        return self.digest.rpartition(":")[2]


def describe(value: Any, algorithm: str = USUAL) -> Described:
    """Digest data of any known kind.

    Parameters
    ----------
    algorithm : str
        Of the content of files.

    Raises
    ------
    TrackingError
        If the data has no digest, cannot be read, or raises an error while it is read.
    FileNotFoundError
        If a path leads nowhere.
    """
    try:
        if isinstance(value, (str, os.PathLike)):
            return Described(*digest_path(Path(value), algorithm))
        return _described(value)
    except TrackingError:
        raise
    except TypeError as error:
        raise TrackingError(
            f"{type(value).__name__} cannot be tracked: {error}",
            advice="track arrays, frames, tensors, data sets, batches, files or folders",
        ) from error
    except FileNotFoundError:
        raise
    except Exception as error:
        # Each library has errors of its own, such as for a tensor without data.
        raise TrackingError(
            f"{type(value).__name__} cannot be read: {type(error).__name__}: {error}"[:_WIDE],
            advice="see that it can be read to its end",
        ) from error


def digest_part(value: Any) -> str:
    """Digest a part of a larger value, in which text is text and no path.

    Raises
    ------
    TypeError
        If it has no digest.
    """
    return _described(value).digest


def _described(value: Any) -> Described:
    packages = {str(own.__module__).partition(".")[0] for own in type(value).__mro__[:-1]}
    for package, function in _LIBRARIES.items():
        if package in packages and (found := function(value)) is not None:
            return found
    if isinstance(value, Iterator):
        raise TypeError("what can be read only once is digested while it is read")
    if is_plain(value):
        return _of_python(value)
    for point in entry_points(group=GROUP):
        own = point.load()(value)
        if own is not None:
            return Described(own)
    if isinstance(value, Iterable):
        return _iterable(value)
    raise TypeError(f"no kind of data is known for {type(value).__qualname__}")


def _of_python(value: Any) -> Described:
    if isinstance(value, (list, tuple, set, frozenset, dict)) or hasattr(value, "keys"):
        return Described(digest_container(value, digest_part), {"num_items": len(value)})
    return Described(digest_scalar(value))


def _numpy(value: Any) -> Described | None:
    numpy: Any = sys.modules["numpy"]
    if isinstance(value, numpy.ma.MaskedArray):
        return Described(_masked(value), _shape(value))
    if isinstance(value, (numpy.ndarray, numpy.generic)):
        from repro.digest.arrays import digest_array  # noqa: PLC0415 - it imports NumPy

        return Described(digest_array(numpy.asanyarray(value)), _shape(value))
    return None


def _masked(value: Any) -> str:
    from repro.tracking.contents.samples import masked_values  # noqa: PLC0415 - it imports NumPy

    tagged = TaggedHash("masked")
    if value.dtype.names is not None:
        for name in value.dtype.names:
            tagged.add(name.encode()).add(_masked(value[name]).encode())
        return tagged.digest()
    mask = sys.modules["numpy"].ma.getmaskarray(value)
    for part in (masked_values(value), mask):
        tagged.add(digest_part(part).encode())
    return tagged.digest()


def _shape(value: Any) -> dict[str, Any]:
    return {"shape": tuple(value.shape), "dtype": str(value.dtype)}


def _pandas(value: Any) -> Described | None:
    from repro.tracking.contents.pandas import describe_pandas  # noqa: PLC0415 - it imports pandas

    found = describe_pandas(value, digest_part)
    return None if found is None else Described(*found)


def _polars(value: Any) -> Described | None:
    polars: Any = sys.modules["polars"]
    if not isinstance(value, (polars.DataFrame, polars.Series, polars.LazyFrame)):
        return None
    from repro.tracking.contents.polars import digest_polars  # noqa: PLC0415 - an extra

    if isinstance(value, polars.LazyFrame):
        value = value.collect()
    facts: dict[str, Any] = {"shape": tuple(value.shape)}
    if isinstance(value, polars.DataFrame):
        facts["columns"] = list(value.columns)
    return Described(digest_polars(value), facts)


def _scipy(value: Any) -> Described | None:
    if not hasattr(value, "tocsr"):
        return None
    from repro.tracking.contents.sparse import digest_sparse  # noqa: PLC0415 - it imports SciPy

    return Described(digest_sparse(value), {**_shape(value), "nnz": int(value.nnz)})


def _torch(value: Any) -> Described | None:
    torch: Any = sys.modules["torch"]
    if isinstance(value, torch.Tensor):
        from repro.digest.tensors import digest_tensor  # noqa: PLC0415 - it imports NumPy

        return Described(digest_tensor(value), _shape(value))
    data = torch.utils.data
    if isinstance(value, (data.Dataset, data.DataLoader)):
        contents = import_module("repro.tracking.contents.torch_data")
        return Described(*contents.digest_dataset(value, digest_part))
    return None


def _hugging_face(value: Any) -> Described | None:
    library: Any = sys.modules["datasets"]
    if isinstance(value, library.Dataset):
        contents = import_module("repro.tracking.contents.arrow")
        return Described(*contents.digest_hugging_face(value))
    if isinstance(value, (library.DatasetDict, library.IterableDatasetDict)):
        splits = {name: _described(value[name]) for name in sorted(value)}
        tagged = TaggedHash("splits")
        for name, each in splits.items():
            tagged.add(name.encode()).add(each.digest.encode())
        digest = tagged.digest()
        counts = {name: each.facts.get("num_samples") for name, each in splits.items()}
        return Described(digest, {"splits": counts})
    if isinstance(value, library.IterableDataset):
        return _iterable(value, batched=False)
    return None


def _arrow(value: Any) -> Described | None:
    if type(value).__name__ not in _ARROW:
        return None
    pyarrow: Any = sys.modules["pyarrow"]
    contents = import_module("repro.tracking.contents.arrow")
    table = value if type(value).__name__ == "Table" else pyarrow.Table.from_batches([value])
    facts = {"shape": tuple(table.shape), "columns": list(table.column_names)}
    return Described(contents.digest_table(table.replace_schema_metadata(None)), facts)


def _iterable(value: Iterable[object], *, batched: bool = True) -> Described:
    from repro.tracking.contents.samples import Samples  # noqa: PLC0415 - it imports NumPy

    samples = Samples(batched=batched, digest=digest_part)
    try:
        for sample in value:
            samples.add(sample)
    except TypeError:
        raise
    except Exception as error:
        raise TrackingError(
            f"{type(value).__name__} cannot be read after {samples.count} items:"
            f" {type(error).__name__}: {error}",
            advice="see that it can be read to its end",
        ) from error
    return Described(samples.digest(), {"num_items": samples.count})


_LIBRARIES: dict[str, Callable[[Any], Described | None]] = {
    "datasets": _hugging_face,
    "pandas": _pandas,
    "polars": _polars,
    "scipy": _scipy,
    "torch": _torch,
    "pyarrow": _arrow,
    "numpy": _numpy,
}
