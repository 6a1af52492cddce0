"""Nothing that a repository names is executed, and nothing beside its files is looked at.

Each trap is shown to work first: plain git falls into it.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from repro.capture import git_process
from repro.capture.git import changed_in_submodules, observe_git
from repro.core.environment import NoRepository, Repository

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.capture.conftest import Work

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the traps are commands of a shell")


def touched(work: Work) -> None:
    """Have git compare the content again, by another time of the file."""
    os.utime(work.folder / "a", ns=(1, 1))


def attributed(work: Work, text: str) -> None:
    work.write(".git/info/attributes", text)
    touched(work)


def clean_filter(work: Work, program: str) -> None:
    work.write(".gitattributes", "* filter=x\n").commit()
    work.git("config", "filter.x.clean", f"{program}; cat")
    touched(work)


def process_filter(work: Work, program: str) -> None:
    work.git("config", "filter.x.process", program)
    attributed(work, "* filter=x\n")


def required_filter(work: Work, program: str) -> None:
    work.git("config", "filter.x.required", "true")
    work.git("config", "filter.x.clean", f"{program}; cat")
    attributed(work, "* filter=x\n")


def oddly_named_filter(work: Work, program: str) -> None:
    work.git("config", "filter.A.b-é/c.clean", f"{program}; cat")
    attributed(work, "* filter=A.b-é/c\n")


def filter_of_no_encoding(work: Work, program: str) -> None:
    with (work.folder / ".git/config").open("ab") as config:
        config.write(b'[filter "\xff\xfe"]\n\tclean = "%s; cat"\n' % program.encode())
    (work.folder / ".git/info").mkdir(exist_ok=True)
    (work.folder / ".git/info/attributes").write_bytes(b"* filter=\xff\xfe\n")
    touched(work)


def included_filter(work: Work, program: str) -> None:
    work.write(".git/more", f'[filter "x"]\n\tclean = "{program}; cat"\n')
    work.git("config", "include.path", "more")
    attributed(work, "* filter=x\n")


def filter_among_many(work: Work, program: str) -> None:
    text = "".join(f'[filter "f{i}"]\n\tclean = true\n' for i in range(300))
    config = work.folder / ".git/config"
    config.write_text(config.read_text() + text)
    work.git("config", "filter.x.clean", f"{program}; cat")
    attributed(work, "* filter=x\n")


def monitor(work: Work, program: str) -> None:
    work.git("config", "core.fsmonitor", f"{program}; false")


def partial(work: Work, **settings: str) -> None:
    tree = work.git("rev-parse", "HEAD^{tree}")
    (work.folder / ".git/objects" / tree[:2] / tree[2:]).unlink()
    given = {
        "core.repositoryformatversion": "1",
        "extensions.partialClone": "o",
        "remote.o.promisor": "true",
        **settings,
    }
    for name, value in given.items():
        work.git("config", name, value)


def fetch_by_any_program(work: Work, program: str) -> None:
    url = "ext::sh -c " + program.replace(" ", "% ")
    partial(work, **{"remote.o.url": url, "protocol.ext.allow": "always"})


def fetch_by_ssh(work: Work, program: str) -> None:
    partial(work, **{"remote.o.url": "ssh://host/a", "core.sshCommand": program})


def fetch_from_a_folder(work: Work, program: str) -> None:
    url = str(work.folder)
    partial(
        work, **{"remote.o.url": url, "remote.o.uploadpack": f"{program};"},
    )  # fmt: skip


def filter_of_a_submodule(work: Work, program: str) -> None:
    inner = type(work)(work.folder.parent / "inner").init()
    inner.write("b").commit()
    work.git("submodule", "--quiet", "add", str(inner.folder), "sub")
    work.commit()
    below = type(work)(work.folder / "sub")
    below.git("config", "filter.x.clean", f"{program}; cat")
    attributes = work.folder / ".git/modules/sub/info/attributes"
    attributes.parent.mkdir(exist_ok=True)
    attributes.write_text("* filter=x\n")
    os.utime(below.folder / "b", ns=(1, 1))


TRAPS = (
    clean_filter, process_filter, required_filter, oddly_named_filter, filter_of_no_encoding,
    included_filter, filter_among_many, monitor, fetch_by_any_program, fetch_by_ssh,
    fetch_from_a_folder, filter_of_a_submodule,
)  # fmt: skip


@pytest.mark.parametrize("trap", TRAPS)
def test_no_program_of_the_repository_is_run(
    work: Work, tmp_path: Path, trap: Callable[[Work, str], None]
):
    """Filters, monitors and helpers that fetch, by every way that a name can be written."""
    work.init().write("a").commit()
    mark = tmp_path / "ran"
    trap(work, f"touch {shlex.quote(str(mark))}")
    command = ["git", "--no-optional-locks", "status", "--porcelain"]
    subprocess.run(command, cwd=work.folder, capture_output=True, check=False)
    assert mark.exists(), "the trap does not work"
    mark.unlink()

    observe_git(work.folder)
    list(changed_in_submodules(work.folder, ["sub"]))
    git_process.git(work.folder, "ls-files", "-s")

    assert not mark.exists()


@pytest.mark.parametrize("trap", [clean_filter, process_filter, oddly_named_filter, monitor])
def test_what_is_unchanged_counts_as_unchanged(work: Work, trap: Callable[[Work, str], None]):
    """Its content is that of the commit, with no filter between them."""
    work.init().write("a").commit()
    trap(work, "true")

    assert observe_git(work.folder).dirty is False


def test_a_hook_is_not_run(work: Work, tmp_path: Path):
    """Git runs one after it wrote the index, and it does not write it."""
    work.init().write("a").commit()
    hook = work.folder / ".git/hooks/post-index-change"
    work.write(".git/hooks/post-index-change", f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
    hook.chmod(0o755)
    touched(work)
    subprocess.run(["git", "status"], cwd=work.folder, capture_output=True, check=True)
    assert (tmp_path / "ran").exists()
    (tmp_path / "ran").unlink()
    touched(work)
    git_process.git(work.folder, "status")

    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("below", ["", "sub", "sub/deeper"])
def test_the_configuration_names_no_other_folder(work: Work, tmp_path: Path, below: str):
    """Files of somebody else would be listed in the record, by their names."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "secret").write_text("x")
    work.init().write("a").write("sub/deeper/b").commit()
    before = observe_git(work.folder / below)
    work.git("config", "core.worktree", str(home))

    assert isinstance(before, Repository)
    assert observe_git(work.folder / below) == before


@pytest.mark.parametrize("configured", ["false", "true"])
def test_a_folder_that_is_a_repository_itself_is_not_read(
    work: Work, tmp_path: Path, configured: str
):
    """It can be a part of what was handed over, and names programs as any other."""
    work.git("init", "-q", "--bare")
    work.git("config", "core.fsmonitor", f"touch '{tmp_path}/ran'")
    work.git("config", "core.bare", configured)
    if configured == "false":
        work.git("config", "core.worktree", str(work.folder))

    assert observe_git(work.folder) == NoRepository(reason="bare repository")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("target", [".", "..", "outside"])
def test_a_submodule_that_is_a_link_is_not_followed(work: Work, tmp_path: Path, target: str):
    """It may lead out of the project, or back to itself without end."""
    outside = type(work)(tmp_path / "outside").init()
    outside.write("theirs").commit()
    outside.write("secret")
    work.init().write("a").commit()
    commit = outside.git("rev-parse", "HEAD")
    for name in ("one", "two"):
        work.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{name}")
        place = outside.folder if target == "outside" else target
        (work.folder / name).symlink_to(place, target_is_directory=True)

    found = observe_git(work.folder)

    assert found.dirty
    assert set(found.dirty_files) <= {"one", "two"}
    assert list(changed_in_submodules(work.folder, found.dirty_files)) == []


def test_changes_of_nested_submodules_are_found(work: Work, tmp_path: Path):
    """They are asked one by one, since git would run what they name."""
    deepest = type(work)(tmp_path / "deepest").init().write("c")
    deepest.commit()
    middle = type(work)(tmp_path / "middle").init()
    middle.git("submodule", "--quiet", "add", str(deepest.folder), "deep")
    middle.commit()
    work.init().git("submodule", "--quiet", "add", str(middle.folder), "mid")
    work.git("submodule", "--quiet", "update", "--init", "--recursive")
    work.commit()
    assert observe_git(work.folder).dirty_files == ()
    (work.folder / "mid/deep/c").write_text("changed")
    (work.folder / "mid/new").write_text("new")

    assert observe_git(work.folder).dirty_files == ("mid",)
    assert sorted(changed_in_submodules(work.folder, ["mid"])) == [
        "mid/deep", "mid/deep/c", "mid/new",
    ]  # fmt: skip


def test_a_user_may_still_ask_for_filters(work: Work):
    """What is overruled is overruled in this program's own questions alone."""
    work.init().write("a").commit()
    work.git("config", "filter.x.clean", "true")
    git_process.git(work.folder, "status")

    assert work.git("config", "filter.x.clean") == "true"
    assert "GIT_CONFIG_COUNT" not in os.environ
