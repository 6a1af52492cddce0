"""A source that is a path says whether the path leads out of the project, whatever its kind."""

import pytest

from repro.config.data import CroissantSource, DvcSource, FileSource, FilesSource, SqlSource

MADE = {
    "file": (FileSource, {"kind": "file", "format": "csv"}),
    "dvc": (DvcSource, {"kind": "dvc", "format": "csv"}),
    "sql": (
        SqlSource,
        {"kind": "sql", "format": "parquet", "url": "sqlite:///x.db", "query": "select 1"},
    ),
    "croissant": (CroissantSource, {"kind": "croissant", "record_set": "rows", "format": "csv"}),
}


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize(
    ("path", "outside"), [("data/x.csv", False), ("../x.csv", True), ("/x", True)]
)
def test_a_path_that_leads_out_of_the_project_is_seen(kind, path, outside):
    """No kind of source inherits the answer of data that is no path."""
    model, rest = MADE[kind]
    made = model.model_validate({**rest, "path": path})

    assert made.is_outside is outside


def test_one_of_several_files_is_enough():
    """The second of them leads out."""
    digest = "0" * 64
    parts = [{"path": path, "sha256": digest} for path in ("a.csv", "../b.csv")]
    made = FilesSource.model_validate_json(
        '{"kind": "files", "format": "csv", "parts": ' + str(parts).replace("'", '"') + "}"
    )

    assert made.is_outside
