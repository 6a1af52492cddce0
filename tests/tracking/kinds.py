"""Data of every kind: what one content may look like, and contents that differ from it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp


@dataclass(frozen=True)
class Kind:
    """Data of one kind.

    Attributes
    ----------
    same : callable
        Returns things of one content, whatever they look like.
    others : callable
        Returns things that differ from it, and from each other, by what was changed.
    """

    same: Callable[[Path], list[Any]]
    others: Callable[[Path], dict[str, Any]]
    needs: tuple[str, ...] = field(default=())


BASE = np.array([[1.5, -0.0, 3.0], [4.0, 5.0, np.nan]])


def _arrays(_: Path) -> list[Any]:
    wide = np.zeros((4, 6))
    wide[::2, ::2] = BASE
    negative = BASE.copy()
    negative[1, 2] = -np.nan
    return [BASE, np.asfortranarray(BASE), wide[::2, ::2], BASE.astype(">f8"), negative,
            BASE.T.copy().T]  # fmt: skip


def _other_arrays(_: Path) -> dict[str, Any]:
    changed = BASE.copy()
    changed[0, 0] = np.nextafter(1.5, 2)
    positive = BASE.copy()
    positive[0, 1] = 0.0
    return {
        "value": changed,
        "sign of zero": positive,
        "dtype": BASE.astype("f4"),
        "shape": BASE.reshape(3, 2),
        "dimension": BASE[None],
        "order": BASE[::-1],
        "missing": np.nan_to_num(BASE),
        "fewer rows": BASE[:1],
        "empty": BASE[:0],
        "empty of other width": BASE[:0, :2],
    }


FRAME = {"a": [1, 2, 3], "b": ["x", None, "z"], "c": [0.5, np.nan, -1.0], "d": [True, False, True]}


def _frames(_: Path) -> list[Any]:
    frame = pd.DataFrame(FRAME)
    parts = pd.concat([frame.iloc[:1], frame.iloc[1:]])
    wide = pd.DataFrame({"a": frame.a, "z": 1, **{n: frame[n] for n in "bcd"}})
    return [frame, parts, wide.drop(columns="z"), frame[::-1][::-1]]


def _other_frames(_: Path) -> dict[str, Any]:
    frame = pd.DataFrame(FRAME)
    return {
        "value": frame.assign(a=[1, 2, 4]),
        "text": frame.assign(b=["x", None, "y"]),
        "dtype": frame.astype({"a": "float64"}),
        "name": frame.rename(columns={"a": "A"}),
        "order of columns": frame[["b", "a", "c", "d"]],
        "order of rows": frame.iloc[::-1],
        "missing": frame.assign(b=["x", "", "z"]),
        "index": frame.set_index(pd.Index([5, 6, 7])),
        "mixed": frame.assign(b=[1, "1", [1]]),
        "mixed otherwise": frame.assign(b=[1, "1", [2]]),
        "empty": frame.iloc[:0],
    }


MATRIX = np.array([[0, 2.0, 0], [0, 0, -1.0]])


def _sparse(_: Path) -> list[Any]:
    stored = sp.coo_matrix(([2.0, -1.0, 0.0], ([0, 1, 1], [1, 2, 0])), shape=(2, 3))
    twice = sp.coo_matrix(([1.0, 1.0, -1.0], ([0, 0, 1], [1, 1, 2])), shape=(2, 3))
    kinds = (sp.csr_matrix, sp.csc_matrix, sp.coo_matrix, sp.lil_matrix, sp.csr_array, sp.dok_array)
    return [*(kind(MATRIX) for kind in kinds), stored, twice]


def _other_sparse(_: Path) -> dict[str, Any]:
    return {
        "value": sp.csr_matrix(MATRIX * 2),
        "place": sp.csr_matrix(MATRIX[:, ::-1]),
        "shape": sp.csr_matrix(np.pad(MATRIX, ((0, 1), (0, 0)))),
        "dtype": sp.csr_matrix(MATRIX.astype("f4")),
        "nothing": sp.csr_matrix((2, 3)),
    }


def _batches(size: int, rows: np.ndarray) -> Iterator[Any]:
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        yield {"x": part, "y": list(map(str, part[:, 0]))}


ROWS = np.arange(24.0).reshape(12, 2)


class Loader:
    """An iterable of batches that can be read again."""

    def __init__(self, size: int, rows: np.ndarray = ROWS) -> None:
        self.size, self.rows = size, rows

    def __iter__(self) -> Iterator[Any]:
        return _batches(self.size, self.rows)


def _iterables(_: Path) -> list[Any]:
    return [Loader(1), Loader(5), Loader(12), Loader(12, np.asfortranarray(ROWS))]


def _other_iterables(_: Path) -> dict[str, Any]:
    return {
        "value": Loader(5, ROWS + 1),
        "order": Loader(5, ROWS[::-1]),
        "dtype": Loader(5, ROWS.astype("f4")),
        "fewer": Loader(5, ROWS[:-1]),
        "shape": Loader(5, ROWS[:, :1]),
        "nothing": Loader(5, ROWS[:0]),
    }


def _containers(_: Path) -> list[Any]:
    return [{"train": BASE, "test": [1, 2.5, "x"]}, {"train": BASE[:, ::-1][:, ::-1],
            "test": [1, 2.5, "x"]}]  # fmt: skip


def _other_containers(_: Path) -> dict[str, Any]:
    return {
        "value": {"train": BASE, "test": [1, 2.5, "y"]},
        "type": {"train": BASE, "test": [1.0, 2.5, "x"]},
        "split": {"train": BASE, "valid": [1, 2.5, "x"]},
        "cut": {"train": BASE[:1], "test": [BASE[1:], 1, 2.5, "x"]},
        "tuple": {"train": BASE, "test": (1, 2.5, "x")},
        "nested": {"train": BASE, "test": [[1, 2.5], "x"]},
        "text of a number": {"train": BASE, "test": ["1", 2.5, "x"]},
    }


def _folder(place: Path, name: str, files: dict[str, bytes]) -> Path:
    folder = place / name
    for file, content in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


FILES = {"a.txt": b"one", "b/c.txt": b"two"}


def _folders(place: Path) -> list[Any]:
    linked = _folder(place, "linked", {"a.txt": b"one"})
    (linked / "b").symlink_to(_folder(place, "target", {"c.txt": b"two"}))
    reverse = dict(reversed(FILES.items()))
    return [_folder(place, "base", FILES), str(_folder(place, "again", reverse)), linked]


def _other_folders(place: Path) -> dict[str, Any]:
    changed = {
        "content": {**FILES, "a.txt": b"onE"},
        "name": {"A.txt": b"one", "b/c.txt": b"two"},
        "place": {"a.txt": b"one", "c.txt": b"two"},
        "cut": {"a.txt": b"onet", "b/c.txt": b"wo"},
        "more": {**FILES, "empty": b""},
        "swapped": {"a.txt": b"two", "b/c.txt": b"one"},
        # A name may hold what could end a name in a careless format.
        "joined": {"a.txt\none": b"", "b/c.txt": b"two"},
    }
    return {name: _folder(place, f"other {name}", files) for name, files in changed.items()}


def _tensors(_: Path) -> list[Any]:
    torch = importlib.import_module("torch")
    base = torch.arange(6.0).reshape(2, 3)
    return [base, base.T.contiguous().T, torch.nn.Parameter(base.clone()), base.clone()]


def _other_tensors(_: Path) -> dict[str, Any]:
    torch = importlib.import_module("torch")
    base = torch.arange(6.0).reshape(2, 3)
    return {
        "value": base + 1,
        "dtype": base.double(),
        "half": base.bfloat16(),
        "half otherwise": base.half(),
        "shape": base.reshape(3, 2),
        "order": base.flip(0),
        "sparse": base.to_sparse(),
        "complex": base.to(torch.complex64),
        "empty": base[:0],
    }


def _dataset(rows: Any, targets: Any) -> Any:
    torch = importlib.import_module("torch")
    return torch.utils.data.TensorDataset(torch.as_tensor(rows), torch.as_tensor(targets))


def _torch_data(_: Path) -> list[Any]:
    torch = importlib.import_module("torch")
    base = _dataset(ROWS, np.arange(12))
    loader = torch.utils.data.DataLoader
    return [
        base,
        loader(base, batch_size=1),
        loader(base, batch_size=5, shuffle=True),
        loader(base, batch_size=4, num_workers=2, drop_last=True),
        torch.utils.data.Subset(base, range(12)),
        torch.utils.data.ConcatDataset([_dataset(ROWS[:7], np.arange(7)),
                                        _dataset(ROWS[7:], np.arange(7, 12))]),
    ]  # fmt: skip


def _other_torch_data(_: Path) -> dict[str, Any]:
    torch = importlib.import_module("torch")
    base = _dataset(ROWS, np.arange(12))
    sampler = torch.utils.data.SubsetRandomSampler([1, 2])
    return {
        "value": _dataset(ROWS + 1, np.arange(12)),
        "target": _dataset(ROWS, np.arange(12)[::-1].copy()),
        "dtype": _dataset(ROWS.astype("f4"), np.arange(12)),
        "order": torch.utils.data.Subset(base, range(11, -1, -1)),
        "fewer": torch.utils.data.Subset(base, range(11)),
        "no target": torch.utils.data.TensorDataset(torch.as_tensor(ROWS)),
        "sampled": torch.utils.data.DataLoader(base, sampler=sampler),
    }


PLAIN = {"a": [1, 2, None], "b": ["x", None, "z"], "c": [[1], [], None], "d": [0.5, 1.5, 2.5]}


def _hugging(_: Path) -> list[Any]:
    datasets = importlib.import_module("datasets")
    base = datasets.Dataset.from_dict(PLAIN)
    parts = datasets.concatenate_datasets([base.select([0]), base.select([1, 2])])
    return [base, base.select([2, 1, 0]).select([2, 1, 0]), parts, base.with_format("numpy")]


def _other_hugging(_: Path) -> dict[str, Any]:
    datasets = importlib.import_module("datasets")
    base = datasets.Dataset.from_dict(PLAIN)
    splits = datasets.DatasetDict
    return {
        "value": datasets.Dataset.from_dict({**PLAIN, "a": [1, 2, 3]}),
        "list": datasets.Dataset.from_dict({**PLAIN, "c": [[1], None, []]}),
        "cut of lists": datasets.Dataset.from_dict({**PLAIN, "c": [[], [1], None]}),
        "order": base.select([1, 0, 2]),
        "name": base.rename_column("a", "A"),
        "dtype": base.cast_column("d", datasets.Value("float32")),
        "splits": splits(train=base, test=base.select([0])),
        "other splits": splits(train=base.select([0]), test=base),
    }


def _polars(_: Path) -> list[Any]:
    pl = importlib.import_module("polars")
    base = pl.DataFrame(PLAIN)
    return [base, pl.concat([base[:1], base[1:]], rechunk=False), base.lazy(), base.clone()]


def _other_polars(_: Path) -> dict[str, Any]:
    pl = importlib.import_module("polars")
    base = pl.DataFrame(PLAIN)
    return {
        "value": base.with_columns(a=pl.Series([1, 2, 3])),
        "missing": base.with_columns(b=pl.Series(["x", "", "z"])),
        "list": base.with_columns(c=pl.Series([[], [1], None])),
        "order": base.reverse(),
        "name": base.rename({"a": "A"}),
        "dtype": base.with_columns(d=pl.col("d").cast(pl.Float32)),
        "order of columns": base.select("b", "a", "c", "d"),
        "category": base.with_columns(b=pl.col("b").cast(pl.Categorical)),
        "dates": base.with_columns(a=pl.Series([1, 2, 3]).cast(pl.Date)),
        "decimals": base.with_columns(d=pl.col("d").cast(pl.Decimal(10, 2))),
    }


def _arrow(_: Path) -> list[Any]:
    pa = importlib.import_module("pyarrow")
    base = pa.table(PLAIN)
    parts = pa.concat_tables([base.slice(0, 1), base.slice(1)])
    coded = base.set_column(1, "b", base.column("b").dictionary_encode())
    return [base, parts, coded, base.replace_schema_metadata({"k": "v"})]


def _other_arrow(_: Path) -> dict[str, Any]:
    pa = importlib.import_module("pyarrow")
    base = pa.table(PLAIN)
    return {
        "value": pa.table({**PLAIN, "a": [1, 2, 3]}),
        "missing": pa.table({**PLAIN, "b": ["x", "", "z"]}),
        "list": pa.table({**PLAIN, "c": [[], [1], None]}),
        "order": base.take([2, 1, 0]),
        "name": base.rename_columns(["A", "b", "c", "d"]),
        "struct": pa.table({**PLAIN, "d": [{"q": 1}, {"q": None}, None]}),
        "struct of missing": pa.table({**PLAIN, "d": [{"q": 1}, None, {"q": None}]}),
        "dates": pa.table({**PLAIN, "d": pa.array([1, 2, 3], pa.date32())}),
        "times": pa.table({**PLAIN, "d": pa.array([1, 2, 3], pa.timestamp("us"))}),
    }


KINDS = {
    "arrays": Kind(_arrays, _other_arrays),
    "frames": Kind(_frames, _other_frames),
    "sparse": Kind(_sparse, _other_sparse),
    "iterables": Kind(_iterables, _other_iterables),
    "containers": Kind(_containers, _other_containers),
    "folders": Kind(_folders, _other_folders),
    "arrow": Kind(_arrow, _other_arrow),
    "polars": Kind(_polars, _other_polars, needs=("polars",)),
    "tensors": Kind(_tensors, _other_tensors, needs=("torch",)),
    "torch data": Kind(_torch_data, _other_torch_data, needs=("torch",)),
    "hugging face": Kind(_hugging, _other_hugging, needs=("datasets",)),
}
