"""A file comes from a distribution if the distribution lists it with the content that it has."""

from __future__ import annotations

import base64
import hashlib
import os
import pickle
import sys
from pathlib import Path

import pytest
import sklearn.linear_model  # noqa: F401 - what is looked at

from repro.capture.distributions import Inventory, with_requirements


def site(folder: Path) -> Path:
    made = folder / "lib/site-packages"
    made.mkdir(parents=True, exist_ok=True)
    return made


def install(
    folder: Path, name: str, files: dict[str, str], *, record: str = "hashes", **extra: str
):
    """Lay a distribution out as an installer does, with a list of hashes, of names, or none."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    requires = "".join(f"Requires-Dist: {each}\n" for each in extra.get("requires", "").split())
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{requires}")
    lines = []
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
        listed = f"sha256={digest.rstrip('=')},{len(text)}" if record == "hashes" else ","
        lines.append(f'"{path}",{listed}' if "," in path else f"{path},{listed}")
    if record != "none":
        (info / "RECORD").write_text("\n".join(lines) + "\n")
    if "top" in extra:
        (info / "top_level.txt").write_text(extra["top"])


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = site(tmp_path)
    monkeypatch.syspath_prepend(str(made))
    install(made, "toyfam", {"toyfam/__init__.py": "a = 1\n", "toyfam/fast.so": "12345"})
    install(made, "unhashed", {"unhashed.py": "a = 1\n"}, record="names")
    install(
        made,
        "old-style",
        {"old_style/a.py": "", "other/b.py": ""},
        record="none",
        top="old_style\n",
    )
    install(made, "nothing-said", {"nothing_said.py": ""}, record="none")
    install(made, "comma", {"comma/a,b.py": "x = 1\n"})
    return made


@pytest.mark.parametrize(
    ("file", "owner", "vouched"),
    [
        ("toyfam/__init__.py", "toyfam", True),
        ("toyfam/fast.so", "toyfam", True),
        ("unhashed.py", "unhashed", False),
        ("old_style/a.py", "old-style", False),
        ("nothing_said.py", "nothing-said", False),
        ("comma/a,b.py", "comma", True),
        ("other/b.py", None, False),
        ("bare.py", None, False),
        ("toyfam/added.py", None, False),
        ("toyfam-1.0.dist-info/hook.py", None, False),
    ],
)
def test_a_file_is_its_distributions_if_it_is_listed(packages, file, owner, vouched):
    """A bare module beside the packages, or in one of them, is of none."""
    for name in ("bare.py", "toyfam/added.py", "toyfam-1.0.dist-info/hook.py"):
        (packages / name).write_text("a = 1\n")
    inventory = Inventory()

    assert inventory.owner(str(packages / file)) == owner
    assert inventory.vouches_for(str(packages / file)) is vouched


@pytest.mark.parametrize("file", ["unhashed.py", "old_style/a.py", "nothing_said.py"])
def test_a_file_without_a_hash_is_believed_of_some(packages, file):
    """A system's own packages list no hashes; those of an estimator need them."""
    inventory = Inventory(["unhashed", "old-style", "nothing-said"])

    assert inventory.vouches_for(str(packages / file))
    assert not Inventory(["toyfam"]).vouches_for(str(packages / file))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("toyfam/__init__.py", "a = 2\n"),
        ("toyfam/__init__.py", "a = 1\n# longer\n"),
        ("toyfam/__init__.py", ""),
        ("toyfam/fast.so", "123456"),
        ("toyfam/fast.so", "12346"),
        ("comma/a,b.py", "x = 2\n"),
    ],
)
def test_an_edited_file_is_vouched_for_no_more(packages, file, text):
    """The version says nothing of it; whose file it was is still known."""
    before = Inventory().vouches_for(str(packages / file))
    (packages / file).write_text(text)
    inventory = Inventory()

    assert (before, inventory.vouches_for(str(packages / file))) == (True, False)
    assert inventory.owner(str(packages / file)) == file.partition("/")[0]


def test_a_file_that_changes_is_hashed_again(packages):
    """Even where its size and its times look as before."""
    file = packages / "toyfam/__init__.py"
    inventory = Inventory()
    before, times = inventory.vouches_for(str(file)), file.stat()
    file.write_text("a = 2\n")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    changed = inventory.vouches_for(str(file))
    file.write_text("a = 1\n")
    restored = inventory.vouches_for(str(file))
    file.unlink()

    assert (before, changed, restored) == (True, False, True)
    assert not inventory.vouches_for(str(file))


def test_what_a_copy_has_hashed_is_not_hashed_again(packages, monkeypatch):
    """An inventory is sent from the process that made it."""
    file = str(packages / "toyfam/__init__.py")
    made = Inventory()
    assert made.vouches_for(file)
    sent = pickle.loads(pickle.dumps(made))
    monkeypatch.setattr("repro.capture.distributions.hashlib.sha256", None)

    assert sent.vouches_for(file)
    with pytest.raises(TypeError):
        Inventory().vouches_for(file)


def test_a_link_leads_to_the_same_file(packages, tmp_path):
    """Whole folders, packages or single libraries may be links, as Nix and uv make them."""
    (tmp_path / "way").symlink_to(packages)
    store = tmp_path / "store"
    store.mkdir()
    (packages / "toyfam").rename(store / "toyfam")
    (packages / "toyfam").symlink_to(store / "toyfam")
    (store / "fast.so").write_text("12345")
    (store / "toyfam/fast.so").unlink()
    (store / "toyfam/fast.so").symlink_to(store / "fast.so")
    inventory = Inventory()

    for path in (
        tmp_path / "way/toyfam/__init__.py", store / "toyfam/__init__.py", store / "fast.so",
    ):  # fmt: skip
        assert inventory.owner(str(path)) == "toyfam", path


def test_a_folder_of_sources_vouches_for_nothing(tmp_path, monkeypatch):
    """What a development install leaves in a source folder names no file."""
    source = tmp_path / "source"
    install(source, "mine", {"mine/a.py": ""}, record="none", top="mine\n")
    monkeypatch.syspath_prepend(str(source))
    inventory = Inventory(["mine"])

    assert inventory.owner(str(source / "mine/a.py")) == "mine"
    assert not inventory.vouches_for(str(source / "mine/a.py"))


SOURCES = {"fam/__init__.py": "a = 1\n", "fam/b.py": "b = 1\n", "fam/fast.so": "12345"}
OF_ONE_VERSION = {
    "an edited line": ({"fam/b.py": "b = 2\n"}, True),
    "a module more": ({"fam/c.py": ""}, True),
    "an edited __init__": ({"fam/__init__.py": "a = 2\n"}, True),
    "a name exchanged": ({"fam/__init__.py": "b = 1\n", "fam/b.py": "a = 1\n"}, True),
    "a space": ({"fam/b.py": "b =  1\n"}, True),
    "nothing": ({}, False),
    "a native module": ({"fam/fast.so": "54321"}, False),
    "a text": ({"fam/notes.txt": "x"}, False),
}


@pytest.mark.parametrize("kind", OF_ONE_VERSION)
def test_sources_of_one_version_are_told_apart(tmp_path, monkeypatch, kind):
    """Wherever they are installed."""
    changes, differs = OF_ONE_VERSION[kind]
    found = []
    for position, files in enumerate((SOURCES, SOURCES | changes)):
        folder = site(tmp_path / str(position))
        install(folder, "fam", files)
        with monkeypatch.context() as patch:
            patch.syspath_prepend(str(folder))
            found.append(Inventory().digest_of("fam"))

    assert None not in found
    assert (found[0] != found[1]) == differs


def test_a_distribution_that_lists_no_hashes_has_no_digest(packages):
    """Its modules are recorded by their own."""
    inventory = Inventory()

    assert [inventory.digest_of(name) for name in ("unhashed", "old-style", "absent")] == [None] * 3


def test_requirements_are_followed_where_they_are_installed(tmp_path, monkeypatch):
    """Directly or not; a circle ends, and the extras of others are not asked for."""
    folder = site(tmp_path)
    monkeypatch.syspath_prepend(str(folder))
    install(folder, "aa", {}, requires="bb absent")
    install(folder, "bb", {}, requires="cc>=1 aa")
    install(folder, "cc", {})

    assert with_requirements(["aa"]) == {"aa", "bb", "cc"}
    assert with_requirements(["absent"]) == set()


def test_the_libraries_of_this_environment_are_vouched_for():
    """Every module of NumPy, pandas and scikit-learn that is loaded is as it was installed."""
    inventory = Inventory()
    files = {
        name: module.__file__
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] in {"numpy", "sklearn", "scipy"}
        and getattr(module, "__file__", None)
    }

    assert len(files) > 100
    assert [name for name, file in files.items() if not inventory.vouches_for(file)] == []
    assert inventory.owner(files["sklearn"]) == "scikit-learn"
