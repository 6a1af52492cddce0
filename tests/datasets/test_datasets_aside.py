"""Ignored columns are read for splits and checks, and none of them can stop a training."""

import hashlib
import io
from datetime import date

import numpy as np
import pandas as pd
import pytest

from repro.config.data import Dataset, Task
from repro.core.errors import ConfigError, DataError
from repro.datasets.loading import load

pytest.importorskip("pyarrow")
IGNORED = ("group", "number", "instant", "day", "list")


def table():
    days = pd.date_range("2024-02-27", periods=20)
    return pd.DataFrame(
        {
            "x": np.arange(20.0),
            "group": ["a", "b"] * 10,
            "number": np.arange(20),
            "instant": [*days[:19], pd.NaT],
            "day": [date(2024, 3, 1), None] * 10,
            "list": [[1, 2]] * 20,
            "y": ["no", "yes"] * 10,
        }
    )


def loaded(folder, split_by=(), ignored=IGNORED, form="parquet"):
    frame = table()[["x", *ignored, "y"]]
    content = io.BytesIO()
    frame.to_parquet(content) if form == "parquet" else frame.to_csv(content, index=False)
    (folder / f"t.{form}").write_bytes(content.getvalue())
    entry = {
        "name": "t",
        "description": "",
        "source": {"kind": "file", "path": f"t.{form}", "format": form},
        "sha256": hashlib.sha256(content.getvalue()).hexdigest(),
        "target": "y",
        "positive": "yes",
        "columns": {"numeric": ("x",), "categorical": (), "ignored": ignored},
        "missing": (),
        "licence": "MIT",
        "origin": "made up",
    }
    needed = None if split_by is None else dict.fromkeys(split_by, "split.by")
    return load(folder, Dataset.model_validate(entry), Task.BINARY, needed)


def test_numbers_texts_and_dates_are_read_and_the_rest_is_left_out(tmp_path):
    """Dates of a typed file are text in the order of time."""
    found = loaded(tmp_path).ignored

    assert list(found.columns) == ["group", "number", "instant", "day"]
    assert found["number"].tolist() == table()["number"].tolist()
    assert found["group"].tolist() == table()["group"].tolist()
    assert found["day"].dropna().unique().tolist() == ["2024-03-01"]
    assert pd.to_datetime(found["instant"]).equals(table()["instant"].astype("datetime64[us]"))


def test_a_column_of_the_split_has_to_be_readable(tmp_path):
    """And it has to exist; the suggestion is among all columns."""
    with pytest.raises(DataError, match="column 'list': expected text, found ndarray values"):
        loaded(tmp_path, ("list",))
    with pytest.raises(ConfigError, match="has no column 'grupp'") as caught:
        loaded(tmp_path, ("grupp",))

    assert caught.value.advice == "did you mean 'group'?"


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_content_has_an_ignored_column_only_if_rows_are_split_by_it(tmp_path, form):
    """A feature is in the content already, and the hash of the bytes is what it was."""
    ignored = ("group", "number")
    plain, nothing, by, feature = (
        loaded(tmp_path, split_by, ignored, form) for split_by in (None, (), ("group",), ("x",))
    )

    assert plain.ignored is None
    assert plain.content == nothing.content == feature.content
    assert by.content != plain.content
    assert {each.sha256 for each in (plain, nothing, by, feature)} == {plain.sha256}
    assert by.content != loaded(tmp_path, ("number",), ignored, form).content
