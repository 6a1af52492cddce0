"""A source of data that is added by one declaration: read, verified, and trusted as it says."""

from __future__ import annotations

from hashlib import sha256
from typing import ClassVar, Literal

import pytest
from tests.conftest import ROOT, make_project

from repro.app.subjects.record_file import parse_record
from repro.app.subjects.trust import with_own_data
from repro.config.data import Dataset, SourceDeclaration, Task
from repro.config.recorded import parse_config
from repro.core.errors import PreconditionError
from repro.datasets.formats import open_table
from repro.datasets.hashing import HashMismatchError, check_sha256
from repro.datasets.loading import load
from repro.datasets.sources.interface import Payload

TABLE = b"a,b,y\n" + b"".join(b"%d,%d,%d\n" % (n, n % 3, n % 2) for n in range(12))
RECORD = parse_record((ROOT / "tests/data/record_v2.json").read_bytes(), "record_v2.json")


class Drawer:
    """Opens tables that are kept in memory, by name."""

    tables: ClassVar = {"mine": TABLE}

    def __init__(self, project, source):
        self.source = source

    @property
    def label(self):
        return self.source.label

    def obtain(self, expected):
        content = self.tables[self.source.name]
        found = sha256(content).hexdigest()
        if expected is not None:
            check_sha256(self.label, expected, found)
        return Payload(
            self.label, found, lambda missing: open_table("csv", self.label, content, missing)
        )


class DrawerSource(SourceDeclaration):
    opener = f"{__name__}:Drawer"
    place = "in a drawer"

    kind: Literal["drawer"]
    name: str

    @property
    def label(self):
        return f"drawer/{self.name}"


class ShippedSource(DrawerSource):
    shipped = True


def dataset(kind=DrawerSource, digest=None):
    base = parse_config(RECORD.config, "record").dataset
    return Dataset.model_construct(
        **{name: getattr(base, name) for name in Dataset.model_fields}
        | {
            "source": kind(kind="drawer", name="mine"),
            "sha256": digest or sha256(TABLE).hexdigest(),
            "target": "y",
            "positive": "1",
            "columns": base.columns.model_copy(
                update={"numeric": ("a", "b"), "categorical": (), "ignored": ()}
            ),
        }
    )


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    """The module is imported by its path, so that its name is none that can be imported."""
    monkeypatch.setattr("pkgutil.resolve_name", lambda name: Drawer)


def test_it_is_read_and_its_hash_is_checked(tmp_path):
    """As a file is."""
    table = load(tmp_path, dataset(), Task.BINARY)

    assert (table.rows, list(table.features.columns)) == (12, ["a", "b"])
    assert table.sha256 == sha256(TABLE).hexdigest()
    with pytest.raises(HashMismatchError, match="drawer/mine"):
        load(tmp_path, dataset(digest="0" * 64), Task.BINARY)


def test_a_record_cannot_bring_it_unless_it_is_shipped(tmp_path):
    """The declaration says which of the two it is."""
    project = make_project(tmp_path / "p").path
    config = parse_config(RECORD.config, "record")
    given = config.model_copy(update={"dataset": dataset().model_copy(update={"name": "other"})})
    with pytest.raises(PreconditionError, match="is in a drawer that this project does not"):
        with_own_data(project, given)

    shipped = dataset(ShippedSource).model_copy(update={"name": "other"})
    trusted = config.model_copy(update={"dataset": shipped})
    assert with_own_data(project, trusted) is trusted
