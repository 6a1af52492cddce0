"""A checkout has the same bytes on every system, whatever Git is configured to do with them."""

import subprocess

import pytest

from tests.conftest import ROOT


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is not a Git checkout")
def test_git_changes_no_ends_of_lines(tmp_path):
    """As Git for Windows does by default: data and references would no longer have their hashes."""
    clone = [
        "git",
        "clone",
        "-q",
        "--no-hardlinks",
        "-c",
        "core.autocrlf=true",
        "-c",
        "core.eol=crlf",
    ]
    subprocess.run([*clone, str(ROOT), str(tmp_path / "clone")], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--eol"], cwd=tmp_path / "clone", capture_output=True, check=True
    ).stdout.decode()
    changed = [line for line in listed.split("\0") if line.split()[1:2] == ["w/crlf"]]

    assert (changed, len(listed.split("\0")) > 100) == ([], True)
