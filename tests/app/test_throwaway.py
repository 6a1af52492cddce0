"""Versions from a record are versions, before anything is handed to pip."""

import pytest

from repro.app.explain.packages import Throwaway


@pytest.mark.parametrize(
    "version",
    [
        "",
        " ",
        "one",
        "1.0 --index-url x",
        "1.0\n",
        "1.0; b",
        "../1",
        "@ https://example.org/a",
        "-r x",
    ],
)
def test_what_is_no_version_is_not_fetched(tmp_path, version):
    """It says so; nothing is fetched and nothing is written."""
    begun = []
    throwaway = Throwaway(tmp_path, {"a": version}, {}, begun.append)

    assert throwaway.fetch("a", ()) == f"{version!r} is not a version of a"
    assert (begun, list(tmp_path.iterdir())) == ([], [])
