"""Digests of rows: which row has which parts, batches that are frames, and what selects rows."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from repro.core.errors import TrackingError
from repro.tracking import DatasetTracker


def checksum(data: Any) -> str:
    found = DatasetTracker().track_dataset(data, "x")
    for _ in found.get("iterable", ()):
        pass
    assert len(found["checksum"]) == 64
    return str(found["checksum"])


FIELDS = [("a", "i4"), ("b", "i4")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([{"x": 1}, {"x": 2, "y": 5}], [{"x": 1, "y": 5}, {"x": 2}]),
        ([{"x": 1}, {}], [{"x": 1}]),
        ([(1, 2), (3,)], [(1,), (3, 2)]),
        ([pd.DataFrame({"a": [1]})], [pd.DataFrame({"a": [2]})]),
        ([pd.DataFrame({"a": [1]})], [pd.DataFrame({"a": [1.0]})]),
        ([pd.DataFrame({"a": [1]})], [pd.DataFrame({"a": [1]}, index=[5])]),
        ([pd.Series([1], dtype="i4")], [pd.Series([1], dtype="i8")]),
        ([pd.Series(["a"])], [pd.Series(["a"], dtype="category")]),
        ([np.array([(1, 2)], dtype=FIELDS)], [np.array([(1, 2)], dtype=FIELDS[::-1])]),
        ([np.ma.array([1, 2], mask=[0, 1])], [np.array([1, 2])]),
    ],
)
def test_rows_that_differ(one: list[Any], other: list[Any]) -> None:
    assert checksum(iter(one)) != checksum(iter(other))


def test_the_size_of_chunks_does_not_count() -> None:
    text = "a,b,c\n1,x,0.5\n2,y,\n3,,1.5\n"
    found = {
        checksum(pd.read_csv(io.StringIO(text), chunksize=size, dtype={"b": "str"}))
        for size in (1, 2, 3)
    }
    assert len(found) == 1


def test_masked_arrays() -> None:
    masked = np.ma.array
    assert checksum(masked([1, 2])) == checksum(masked([1, 2], mask=[0, 0]))
    text = [masked(["a", hidden], mask=[0, 1]) for hidden in ("b", "c")]
    assert checksum(text[0]) == checksum(text[1])
    rows = [masked(np.array([(1, hidden)], dtype=FIELDS), mask=[(0, 1)]) for hidden in (2, 3)]
    assert checksum(rows[0]) == checksum(rows[1])
    parts = [np.array([1, 0]), np.array([False, True])]
    assert checksum(masked([1, 2], mask=[0, 1])) != checksum(parts)


def test_cells_of_mixed_columns() -> None:
    time = pd.Timestamp("2020-01-01")
    assert checksum(pd.Series([time, [1]])) != checksum(pd.Series([time.isoformat(), [1]]))
    assert checksum(pd.Series([[1]], name="a")) != checksum(pd.Series([[1]], name="b"))


def test_text_that_is_no_path() -> None:
    with pytest.raises(TrackingError, match="is no path: File name too long"):
        checksum("x" * 5000)


RNG = np.random.default_rng(0)


class Global:
    """Data that draws from a generator of its module."""

    def __iter__(self) -> Iterator[float]:
        yield RNG.random()


class Slotted:
    """Data without a dictionary."""

    __slots__ = ("__own",)

    def __init__(self) -> None:
        self.__own = np.random.default_rng(0)

    def __iter__(self) -> Iterator[float]:
        yield self.__own.random()


def closed() -> Any:
    rng = np.random.default_rng(0)

    class Closed:
        def __iter__(self) -> Iterator[float]:
            yield draw()

    def draw() -> float:
        return rng.random()

    return Closed()


@pytest.mark.parametrize("make", [Global, Slotted, closed])
def test_generators_that_code_names_keep_their_states(make: Callable[[], Any]) -> None:
    data = make()
    checksum(data)
    # The first number of this seed, by NumPy.
    assert next(iter(data)) == np.random.default_rng(0).random()
    RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state


@pytest.mark.scripts
def test_samplers_that_select() -> None:
    import torch

    utils = torch.utils.data
    data = utils.TensorDataset(torch.arange(6))

    class Batches(utils.Sampler):
        def __init__(self, batches: list[list[int]]) -> None:
            self.batches = batches

        def __iter__(self) -> Iterator[list[int]]:
            return iter(self.batches)

    subset = utils.SubsetRandomSampler
    loaders = [
        utils.DataLoader(data),
        utils.DataLoader(data, batch_sampler=Batches([[0, 1], [2]])),
        utils.DataLoader(data, batch_sampler=Batches([[0, 1], [3]])),
        utils.DataLoader(data, batch_sampler=utils.BatchSampler(subset([0]), 1, drop_last=False)),
        utils.DataLoader(data, batch_sampler=utils.BatchSampler(subset([1]), 1, drop_last=False)),
        utils.DataLoader(data, sampler=[0, 1]),
        utils.DataLoader(data, sampler=[0, 2]),
        utils.DataLoader(data, sampler=utils.RandomSampler(data, num_samples=3)),
        utils.DataLoader(data, sampler=utils.RandomSampler(data, replacement=True)),
        utils.DataLoader(data, sampler=utils.DistributedSampler(data, 2, 0)),
        utils.DataLoader(data, sampler=utils.DistributedSampler(data, 2, 1)),
    ]
    assert len({checksum(each) for each in loaders}) == len(loaders)
    assert checksum(loaders[0]) == checksum(utils.DataLoader(data, shuffle=True, batch_size=4))


@pytest.mark.scripts
def test_a_sample_that_raises_any_error_is_named() -> None:
    import torch

    class Broken(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return 5

        def __getitem__(self, place: int) -> int:
            if place == 3:
                raise TypeError("half-way")
            return place

    with pytest.raises(TrackingError, match="sample 3 of Broken cannot be read: TypeError: half"):
        checksum(Broken())
    with pytest.raises(TrackingError, match="Tensor cannot be read: NotImplementedError"):
        checksum(torch.empty(2, device="meta"))


@pytest.mark.scripts
def test_polars_series_and_wide_integers() -> None:
    import polars as pl

    series = pl.Series("a", [1, 2])
    assert checksum(series) != checksum(series.to_frame())
    wide = pl.Series([2**100, 2**100 + 1], dtype=pl.Int128)
    assert checksum(wide) != checksum(wide.reverse())


@pytest.mark.scripts
def test_images_count_by_the_content_of_their_files(tmp_path: Path) -> None:
    from PIL import Image

    import datasets

    def dataset(folder: str, red: int) -> Any:
        path = tmp_path / folder / "x.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (4, 4), (red, 0, 0)).save(path)
        column = datasets.Dataset.from_dict({"i": [str(path)]})
        return column.cast_column("i", datasets.Image())

    before = checksum(dataset("one", 1))
    assert checksum(dataset("other", 1)) == before
    assert checksum(dataset("one", 200)) != before


@pytest.mark.scripts
def test_names_of_classes_count() -> None:
    import datasets

    base = datasets.Dataset.from_dict({"a": [0, 1]})
    named = [
        base.cast_column("a", datasets.ClassLabel(names=names))
        for names in (["x", "y"], ["y", "x"])
    ]
    assert len({checksum(each) for each in (base, *named)}) == 3
