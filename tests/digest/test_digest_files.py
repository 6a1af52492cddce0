import hashlib
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.core.errors import PreconditionError
from repro.digest.files import digest_bytes, digest_tree, sha256_bytes, sha256_file

NAMES = st.text("abc", min_size=1, max_size=3)
TREES = st.dictionaries(NAMES, st.binary(max_size=8), max_size=4)


def write(folder, content):
    for name, data in content.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def test_sha256_is_the_plain_one(tmp_path):
    """A person can check a recorded hash with any other tool."""
    data = bytes(range(256)) * 3000
    path = write(tmp_path, {"f": data}) / "f"

    assert [hashlib.sha256(data).hexdigest()] * 2 == [sha256_file(path), sha256_bytes(data)]


def test_bytes_digest_is_pinned():
    """A change of the encoding is noticed."""
    expected = "bytes/v1:0abea54dd5a35519a11eabb132e609ff7b1c28f815e2ae59cdead419957cd17e"

    assert expected == digest_bytes(b"abc")


def test_tree_digest_is_pinned(tmp_path):
    """A change of the encoding is noticed."""
    content = {"b": b"1", "a/b": b"", "a-b": b"\x00", "é": b"x"}
    expected = "tree/v1:45f1be32c13e02826f3f6241934992a19a8dc06e270ee5585e9fd471a3f74a05"

    assert expected == digest_tree(write(tmp_path, content))


@given(one=TREES, other=TREES)
def test_trees_agree_only_if_names_and_contents_do(tmp_path_factory, one, other):
    """Two folders share a digest exactly when they hold the same files."""
    folders = [write(tmp_path_factory.mktemp("tree"), content) for content in (one, other)]
    same = len({digest_tree(folder) for folder in folders}) == 1

    assert (one == other) == same


def test_tree_unchanged_by_the_order_of_writing_or_place(tmp_path):
    """Where the folder lies and in which order it was filled do not count."""
    content = {"a/x": b"1", "b": b"2", "c": b"3"}
    first = write(tmp_path / "first", content)
    second = write(tmp_path / "second", dict(reversed(content.items())))

    assert digest_tree(first) == digest_tree(second)


def test_tree_parts_cannot_be_shifted(tmp_path):
    """Bytes moved from a name to its content give another digest."""
    first = write(tmp_path / "first", {"a": b"bc"})
    second = write(tmp_path / "second", {"ab": b"c"})

    assert digest_tree(first) != digest_tree(second)


def test_empty_folders_do_not_count(tmp_path):
    """Like git, a tree is its files."""
    folder = write(tmp_path, {"a": b""})
    before = digest_tree(folder)
    (folder / "empty").mkdir()

    assert before == digest_tree(folder)


def test_symbolic_links_are_refused(tmp_path):
    """What a link means depends on the machine."""
    (write(tmp_path, {"a": b""}) / "link").symlink_to(tmp_path / "a")

    with pytest.raises(PreconditionError, match="link is neither"):
        digest_tree(tmp_path)


def test_a_missing_folder_is_not_an_empty_one(tmp_path):
    """A check that compares nothing passes nothing."""
    with pytest.raises(PreconditionError, match="not a folder"):
        digest_tree(tmp_path / "missing")


def test_files_need_no_numpy():
    """Integrity is checked before anything slow is imported."""
    code = "import sys, repro.digest.files; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
