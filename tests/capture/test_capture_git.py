"""Whatever state a repository is in, its observation says so, and leaks no secret."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.capture import git_process
from repro.capture.git import observe_git, public_address
from repro.core.environment import NoRepository, Repository

if TYPE_CHECKING:
    from pathlib import Path

    from tests.capture.conftest import Work


def test_clean_repository(work: Work):
    """A committed tree is clean, on its branch, at its commit."""
    commit = work.init().write("a").commit()

    assert observe_git(work.folder) == Repository(
        commit=commit, branch="main", remote=None, dirty=False, dirty_files=()
    )


def test_changed_and_untracked_files_are_named(work: Work):
    """Names are relative to the root of the repository, unquoted, also when asked from below."""
    work.init().write("changed").write("gone").write("sub/moved here").write("sub/kept").commit()
    work.write("changed", "other").write("sub/new ü").write("dir/deep/untracked")
    (work.folder / "gone").unlink()
    work.git("mv", "sub/moved here", "sub/moved there")

    observed = observe_git(work.folder / "sub")

    assert observed.dirty
    assert observed.dirty_files == (
        "changed", "dir/deep/untracked", "gone", "sub/moved here", "sub/moved there", "sub/new ü",
    )  # fmt: skip


def test_ignored_files_are_not_dirty(work: Work):
    """What the repository ignores, such as the folders of runs, says nothing about its state."""
    work.init().write(".gitignore", "runs/\n").commit()
    work.write("runs/1/model")

    assert observe_git(work.folder).dirty is False


def test_conflicting_files_are_named(work: Work):
    """A merge that was left half-way is dirty."""
    work.init().write("a b").commit()
    work.git("checkout", "-q", "-b", "other")
    work.write("a b", "1").commit()
    work.git("checkout", "-q", "main")
    work.write("a b", "2").commit()
    with pytest.raises(Exception, match="merge"):
        work.git("merge", "-q", "other")

    assert observe_git(work.folder).dirty_files == ("a b",)


def test_unborn_branch_has_no_commit(work: Work):
    """Before the first commit there is a branch and no commit."""
    work.init().write("a")

    assert observe_git(work.folder) == Repository(
        commit=None, branch="main", remote=None, dirty=True, dirty_files=("a",)
    )


def test_detached_head_has_no_branch(work: Work):
    """A commit that is checked out by itself is on no branch."""
    commit = work.init().write("a").commit()
    work.git("checkout", "-q", "--detach")
    observed = observe_git(work.folder)

    assert (observed.commit, observed.branch) == (commit, None)


def test_submodule_and_linked_worktree_are_repositories(work: Work, tmp_path: Path):
    """Where ``.git`` is a file, the repository is the one it names."""
    commit = work.init().write("a").commit()
    work.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    outer = type(work)(tmp_path / "outer").init()
    outer.git("submodule", "--quiet", "add", str(work.folder), "inner")
    outer.commit()
    (outer.folder / "inner/a").write_text("changed")

    assert observe_git(tmp_path / "linked").branch == "side"
    assert observe_git(outer.folder / "inner").commit == commit
    assert observe_git(outer.folder).dirty_files == ("inner",)


def test_folder_without_repository(work: Work):
    """A folder that is in no repository is a value, with the reason."""
    assert observe_git(work.folder) == NoRepository(reason="not a repository")


def test_a_project_unpacked_into_a_repository_is_not_of_its_commit(work: Work):
    """Nothing of it is tracked there."""
    work.init().write("a").commit()
    work.write("unpacked/configs/base.yaml")

    found = observe_git(work.folder / "unpacked")
    assert found == NoRepository(reason="not tracked by the repository around it")


@pytest.mark.parametrize(("suffix", "dirty"), [("", False), ("-dirty", True)])
def test_a_build_leaves_the_commit_in_a_file(work: Work, suffix: str, dirty: bool):
    """It counts where there is no repository."""
    work.write(".revision", "1a" * 20 + suffix + "\n")

    assert observe_git(work.folder) == Repository(
        commit="1a" * 20, branch=None, remote=None, dirty=dirty, dirty_files=()
    )


def test_a_repository_counts_before_a_file(work: Work):
    """And what is no commit does not count at all."""
    work.write(".revision", "main\n")
    assert observe_git(work.folder) == NoRepository(reason="not a repository")

    commit = work.init().write(".revision", "1a" * 20 + "\n").commit()
    assert observe_git(work.folder).commit == commit


def test_bare_repository(work: Work):
    """A repository without files is a value, with the reason."""
    work.git("init", "-q", "--bare")

    assert observe_git(work.folder) == NoRepository(reason="bare repository")


def test_missing_folder(tmp_path: Path):
    """A folder that is not there is a value, with the reason."""
    assert observe_git(tmp_path / "nowhere") == NoRepository(reason="failed")


def test_missing_git(work: Work, monkeypatch: pytest.MonkeyPatch):
    """A machine without git is a value, with the reason."""
    monkeypatch.setenv("PATH", str(work.folder))

    assert observe_git(work.folder) == NoRepository(reason="git is missing")


@pytest.mark.skipif(os.name == "nt", reason="needs a shell script")
def test_git_that_hangs(work: Work, monkeypatch: pytest.MonkeyPatch):
    """A git that does not answer is a value, with the reason."""
    work.write("git", "#!/bin/sh\nexec sleep 20\n")
    (work.folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(work.folder), prepend=os.pathsep)
    monkeypatch.setattr(git_process, "_TIMEOUT_SECONDS", 0.2)

    assert observe_git(work.folder) == NoRepository(reason="timed out")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_repository_of_another_user(work: Work):
    """Git refuses to read a stranger's repository: a value, with the reason."""
    work.init()
    for path in (work.folder, work.folder / ".git"):
        os.chown(path, 12345, 12345)

    assert observe_git(work.folder) == NoRepository(reason="owned by another user")


def test_variables_of_the_caller_redirect_nothing(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Run from a hook of another repository, it still reads the project's own."""
    commit = work.init().write("a").commit()
    other = type(work)(tmp_path / "other").init()
    other.commit()
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.folder))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.folder / ".git/index"))

    assert observe_git(work.folder).commit == commit


def test_nothing_is_written(work: Work):
    """Observing leaves the index as it is, even where git would refresh it."""
    work.init().write("a").commit()
    index = work.folder / ".git/index"
    os.utime(work.folder / "a", ns=(1, 1))
    before = (index.read_bytes(), index.stat().st_mtime_ns)
    observe_git(work.folder)

    assert (index.read_bytes(), index.stat().st_mtime_ns) == before


def test_program_named_by_the_repository_is_not_run(work: Work):
    """A monitor of files in the repository's configuration is a program; it does not run."""
    work.init().write("a").commit()
    work.git("config", "core.fsmonitor", f"touch '{work.folder}/.git/ran'; false")
    observe_git(work.folder)

    assert not (work.folder / ".git/ran").exists()


@pytest.mark.parametrize(
    ("remotes", "expected"),
    [
        ({}, None),
        ({"origin": "https://example.org/a.git"}, "https://example.org/a.git"),
        ({"up": "https://u:p@example.org/up", "fork": "https://example.org/f"}, "https://example.org/up"),
        ({"fork": "https://example.org/f", "origin": "https://t@example.org/o"}, "https://example.org/o"),
    ],
)  # fmt: skip
def test_remote_is_origin_or_the_first(work: Work, remotes: dict[str, str], expected: str | None):
    """One remote is recorded, without credentials."""
    work.init()
    for name, address in remotes.items():
        work.git("remote", "add", name, address)

    assert observe_git(work.folder).remote == expected


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("https://user:password@example.org:8443/a/b.git", "https://example.org:8443/a/b.git"),
        ("https://token@example.org/a", "https://example.org/a"),
        ("https://user:p@ss@example.org/a", "https://example.org/a"),
        ("https://user:p/ss@example.org/a", None),
        ("https://example.org/a?private_token=1#x", "https://example.org/a"),
        ("https://example.org/@scope/a", "https://example.org/@scope/a"),
        ("ssh://git@example.org:22/a", "ssh://example.org:22/a"),
        ("git@example.org:a/b.git", "example.org:a/b.git"),
        ("example.org:a/b.git", "example.org:a/b.git"),
        ("user:password@example.org:a", "example.org:a"),
        ("https://[::1/a", None),
        ("file:///home/person/a", None),
        ("/home/person/a", None),
        ("../a", None),
        ("C:\\people\\a", None),
        ("C:/people/a", None),
        ("ext::sh -c secret", None),
        ("codecommit::region://profile@a", None),
    ],
)
def test_public_address(remote: str, expected: str | None):
    """No user, password, token or folder is left in an address."""
    assert public_address(remote) == expected


@given(st.from_regex(r"[a-z0-9:@%.-]{1,12}", fullmatch=True))
def test_nothing_before_the_host_survives(userinfo: str):
    """Whatever stands before the last ``@`` of the authority is dropped."""
    assert public_address(f"https://{userinfo}@example.org/a") == "https://example.org/a"
