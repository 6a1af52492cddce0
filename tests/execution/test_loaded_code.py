"""Every file of code that training loads is named by a commit, by a package, or by its hash."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import sklearn.naive_bayes  # noqa: F401 - as training has it
from tests.capture.test_inventory import install, site
from tests.conftest import ROOT

from repro.app.configuration import resolve_request
from repro.capture.git import observe_git
from repro.config.compose import Request
from repro.config.training import Model
from repro.core.environment import NoRepository
from repro.core.jsonfile import load_record
from repro.core.record import RunRecord
from repro.core.record_v1 import RecordFile
from repro.execution.code import observe_code
from repro.execution.loaded import Watch, inventory_of, observe_loaded
from repro.execution.own_modules import own_modules

ENVIRONMENT = load_record(
    (ROOT / "tests/data/record_v1.json").read_bytes(), "record", RecordFile
).environment
CONFIG = resolve_request(ROOT, Request(experiment="wine", profile="debug")).config
CLASS = "from sklearn.naive_bayes import GaussianNB\n\nclass Mine(GaussianNB):\n    pass\n"


# The modules that tests below write, each in a folder of its own.
WRITTEN = {
    "a1", "bag", "bare_one", "deep_est", "elsewhere_one", "front_door", "helping", "hidden_one",
    "ignored_one", "in_worker", "inner_est", "mine", "one_more", "pack", "subbed", "toydep",
    "toyfam", "undeclared", "zipped_one",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _forget_modules():
    path = list(sys.path)
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] in WRITTEN]:
        del sys.modules[name]
    sys.path[:] = path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    made.mkdir()
    sys.path.append(str(made))
    return made


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    importlib.invalidate_caches()


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def with_models(estimator: str, params: dict | None = None):
    model = Model(estimator=estimator, variant="default", params=params or {})
    return CONFIG.model_copy(update={"models": {"mine": model}})


def observed(folder: Path, estimator: str, *, params=None, git=None, before=(), call=None):
    """Load an estimator as training does, and observe what came with it."""
    for name in before:
        importlib.import_module(name)
    watch, config = Watch(), with_models(estimator, params)
    module, _, kind = estimator.partition(":")
    made = getattr(importlib.import_module(module), kind)
    if call:
        getattr(made(), call)()
    git = git or NoRepository(reason="not a repository")
    environment = ENVIRONMENT.model_copy(update={"git": git})
    loaded = observe_loaded(config, inventory_of(ENVIRONMENT), watch)
    return observe_code(folder, config, environment, loaded), loaded


LOADED = {
    "a module": ({"mine.py": CLASS}, "mine:Mine", ["mine.py"]),
    "a package without __init__": ({"bag/mine.py": CLASS}, "bag.mine:Mine", ["bag/mine.py"]),
    "two levels without __init__": ({"a1/b1/m.py": CLASS}, "a1.b1.m:Mine", ["a1/b1/m.py"]),
    "a module that it imports": (
        {"mine.py": f"import helping\n{CLASS}", "helping.py": "X = 1\n"},
        "mine:Mine", ["helping.py", "mine.py"],
    ),
    "imports of imports": (
        {
            "mine.py": f"from bag.one import X\n{CLASS}",
            "bag/one.py": "from bag.deep import two\nX = two.Y\n",
            "bag/deep/two.py": "Y = 1\n",
        },
        "mine:Mine", ["bag/deep/two.py", "bag/one.py", "mine.py"],
    ),
    "a relative import": (
        {"bag/__init__.py": "", "bag/mine.py": f"from . import other\n{CLASS}", "bag/other.py": ""},
        "bag.mine:Mine", ["bag/__init__.py", "bag/mine.py", "bag/other.py"],
    ),
    "an import by name": (
        {
            "mine.py": f"import importlib\nH = importlib.import_module('hidden_one')\n{CLASS}",
            "hidden_one.py": "",
        },
        "mine:Mine", ["hidden_one.py", "mine.py"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", LOADED)
def test_what_an_own_estimator_loads_is_hashed(folder, kind):
    """By its place in the project, and marked as loaded."""
    files, estimator, expected = LOADED[kind]
    write(folder, files)
    code, _ = observed(folder, estimator)

    assert set(expected) <= set(code.loaded)
    assert {name: code.files[name] for name in expected} == {
        name: sha(folder / name) for name in expected
    }
    assert not set(expected) & set(code.unasked)


def test_a_nested_class_is_of_the_code(folder):
    """At any depth of the parameters."""
    write(folder, {"inner_est.py": CLASS, "deep_est.py": CLASS})
    params = {
        "estimator": {"class": "inner_est:Mine", "params": {}},
        "steps": [["a", {"class": "x:Y", "params": {"b": {"class": "deep_est:Mine"}}}]],
    }
    for name in ("inner_est", "deep_est"):
        importlib.import_module(name)
    code, loaded = observed(folder, "sklearn.naive_bayes:GaussianNB", params=params)

    assert {"inner_est.py", "deep_est.py"} <= set(code.loaded)
    assert {"inner_est", "deep_est"} <= loaded.reached


def test_a_file_beside_the_estimator_is_named_and_not_loaded(folder):
    """All of an own package is hashed, and what was not loaded can have no effect."""
    write(folder, {"bag/__init__.py": "", "bag/mine.py": CLASS, "bag/tests/test_it.py": "x = 1\n"})
    code, _ = observed(folder, "bag.mine:Mine")

    assert code.files["bag/tests/test_it.py"] == sha(folder / "bag/tests/test_it.py")
    assert "bag/tests/test_it.py" not in code.loaded


def test_a_bare_module_among_the_packages_is_hashed(folder, tmp_path):
    """No distribution provides it; its name is that under site-packages, on every machine."""
    packages = site(tmp_path / "project/.venv")
    sys.path.append(str(packages))
    write(packages, {"bare_one.py": CLASS})
    write(folder, {"mine.py": f"import bare_one\n{CLASS}"})
    code, _ = observed(folder, "mine:Mine")

    assert code.files["bare_one.py"] == sha(packages / "bare_one.py")
    assert {"bare_one.py", "mine.py"} <= set(code.loaded)


def test_an_edited_module_of_a_package_is_hashed(tmp_path, folder):
    """Its version says nothing of it."""
    packages = site(tmp_path)
    sys.path.append(str(packages))
    install(packages, "toyfam", {"toyfam/__init__.py": "", "toyfam/nb.py": CLASS})
    first, _ = observed(folder, "toyfam.nb:Mine")
    (packages / "toyfam/nb.py").write_text(CLASS + "\n# edited\n")
    second, _ = observed(folder, "toyfam.nb:Mine")

    assert "toyfam/nb.py" not in first.files
    assert second.files["toyfam/nb.py"] == sha(packages / "toyfam/nb.py")


def test_an_archive_is_hashed_as_a_whole(folder, tmp_path):
    """A module in it has no file of its own."""
    archive = tmp_path / "bundle.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("zipped_one.py", CLASS)
    sys.path.append(str(archive))
    code, _ = observed(folder, "zipped_one:Mine")

    assert code.files["bundle.zip"] == sha(archive)
    assert "bundle.zip" in code.loaded


def test_names_do_not_depend_on_the_machine(tmp_path):
    """The same tree elsewhere, or on the import path instead of in the project, has one name."""
    names = []
    for place in ("here", "there/deeper"):
        root = tmp_path / place
        write(root / "lib", {"elsewhere_one.py": CLASS, "pack/mod.py": CLASS})
        sys.path.append(str(root / "lib"))
        write(root / "project", {"mine.py": f"import elsewhere_one, pack.mod\n{CLASS}"})
        sys.path.append(str(root / "project"))
        importlib.invalidate_caches()
        code, _ = observed(root / "project", "mine:Mine")
        names.append({n for n in code.loaded if n.startswith(("else", "pack", "mine"))})
        for name in ("mine", "elsewhere_one", "pack.mod", "pack"):
            del sys.modules[name]
        sys.path[:] = [each for each in sys.path if str(tmp_path) not in each]

    assert names[0] == names[1] == {"elsewhere_one.py", "pack/mod.py", "mine.py"}


def test_workers_report_what_they_load(folder):
    """A module that was loaded in a worker alone counts as well."""
    write(folder, {"mine.py": CLASS, "in_worker.py": "x = 1\n"})
    watch = Watch()
    watch.collect(((("in_worker", str(folder / "in_worker.py")),), (), ()))
    config = with_models("mine:Mine")
    loaded = observe_loaded(config, inventory_of(ENVIRONMENT), watch)
    nowhere = ENVIRONMENT.model_copy(update={"git": NoRepository(reason="not a repository")})
    code = observe_code(folder, config, nowhere, loaded)

    assert "in_worker.py" in code.loaded


@pytest.mark.parametrize(
    "name", ["sitecustomize", "usercustomize", "shadowing_numpy", "stray_one", "pandas"]
)
def test_what_the_environment_brings_is_unasked_for(folder, tmp_path, monkeypatch, name):
    """It can patch what every estimator uses, or stand before an installed package."""
    given = tmp_path / "given"
    write(given, {f"{name}.py": "x = 1\n"})
    write(folder, {"mine.py": CLASS})
    monkeypatch.setenv("PYTHONPATH", f"{given}{os.pathsep}{folder}")
    spec = importlib.util.spec_from_file_location(name, given / f"{name}.py")
    monkeypatch.setitem(sys.modules, name, importlib.util.module_from_spec(spec))
    code, _ = observed(folder, "mine:Mine")

    assert code.unasked == (f"{name}.py",)
    assert f"{name}.py" in code.loaded


def test_a_start_file_counts_where_it_hid_itself(folder, tmp_path, monkeypatch):
    """A sitecustomize may take itself out of the loaded modules."""
    write(tmp_path / "given", {"sitecustomize.py": "x = 1\n"})
    write(folder, {"mine.py": CLASS})
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "given"))
    code, _ = observed(folder, "mine:Mine")

    assert code.unasked == ("sitecustomize.py",)


# --- git


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always")
    environ = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    subprocess.run(
        ["git", *identity, "-C", str(folder), *arguments],
        env=environ,
        check=True,
        capture_output=True,
    )


def committed(folder: Path, files: dict[str, str]) -> None:
    write(folder, files)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")


def quietly(folder: Path, name: str, text: str) -> None:
    """Edit a file so that its size and its time are as before."""
    path = folder / name
    before = path.stat()
    assert len(text) == before.st_size
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


HIDDEN = {
    "assume-unchanged": ("update-index", "--assume-unchanged", "mine.py"),
    "skip-worktree": ("update-index", "--skip-worktree", "mine.py"),
    "both": ("update-index", "--assume-unchanged", "--skip-worktree", "mine.py"),
    "plain": ("status",),
    "never trusting times": ("config", "core.checkStat", "minimal"),
}


@pytest.mark.parametrize("how", HIDDEN)
def test_an_edit_that_git_does_not_show_is_dirty(folder, how):
    """By its content, whatever the marks in the index say."""
    committed(folder, {"mine.py": CLASS + "# 1\n", "data.csv": "a\n"})
    git(folder, *HIDDEN[how])
    clean, _ = observed(folder, "mine:Mine", git=observe_git(folder))
    (folder / "mine.py").write_text(CLASS + "# 2\n")
    state = observe_git(folder)
    code, _ = observed(folder, "mine:Mine", git=state)

    assert clean.changed == ()
    assert code.changed == ("mine.py",)
    assert (state.dirty, state.dirty_files) == (True, ("mine.py",))
    assert code.files["mine.py"] == sha(folder / "mine.py") != clean.files["mine.py"]


def test_an_edit_of_the_same_size_and_time_is_found_in_what_was_loaded(folder):
    """Git compares neither content then; the loaded files are compared."""
    committed(folder, {"mine.py": CLASS + "# 1\n"})
    git(folder, "update-index", "--assume-unchanged", "mine.py")
    quietly(folder, "mine.py", CLASS + "# 2\n")
    code, _ = observed(folder, "mine:Mine", git=observe_git(folder))

    assert code.changed == ("mine.py",)


@pytest.mark.parametrize("name", ["data.csv", "sub/params.yaml"])
def test_a_hidden_change_of_another_file_is_dirty_and_not_loaded(folder, name):
    """Data and configuration too; nothing was loaded from them."""
    committed(folder, {"mine.py": CLASS, "data.csv": "a\n", "sub/params.yaml": "a: 1\n"})
    git(folder, "update-index", "--skip-worktree", name)
    (folder / name).write_text("edited\n")
    state = observe_git(folder)
    code, _ = observed(folder, "mine:Mine", git=state)

    assert state.dirty_files == (name,)
    assert code.files[name] == sha(folder / name)
    assert name not in code.loaded


def test_a_file_that_was_left_out_is_not_dirty(folder):
    """As a sparse checkout leaves it out."""
    committed(folder, {"mine.py": CLASS, "big.bin": "a"})
    git(folder, "update-index", "--skip-worktree", "big.bin")
    (folder / "big.bin").unlink()

    assert observe_git(folder).dirty is False


@pytest.mark.parametrize("marked", [False, True])
def test_changed_files_of_a_submodule_are_hashed(folder, tmp_path, marked):
    """Git names the submodule alone, and nothing where the change is hidden in it."""
    inner = tmp_path / "inner"
    inner.mkdir()
    committed(inner, {"subbed/mod.py": CLASS, "subbed/other.txt": "a\n"})
    committed(folder, {"readme": ""})
    git(folder, "submodule", "--quiet", "add", str(inner), "sub")
    git(folder, "commit", "-q", "-m", "second")
    sys.path.append(str(folder / "sub"))
    if marked:
        git(folder / "sub", "update-index", "--assume-unchanged", "subbed/other.txt")
    (folder / "sub/subbed/other.txt").write_text("b\n")
    code, _ = observed(folder, "subbed.mod:Mine", git=observe_git(folder))

    assert code.files["sub/subbed/other.txt"] == sha(folder / "sub/subbed/other.txt")
    assert code.files["sub/subbed/mod.py"] == sha(folder / "sub/subbed/mod.py")
    assert "sub/subbed/mod.py" in code.loaded
    assert "sub/subbed/other.txt" not in code.loaded


def test_a_module_that_the_commit_identifies_is_left_out_where_no_estimator_needs_it(folder):
    """As this program's own sources are, in its own repository."""
    committed(
        folder, {"mine.py": CLASS, "front_door.py": "x = 1\n", ".gitignore": "ignored_one.py\n"}
    )
    write(folder, {"ignored_one.py": "x = 1\n"})
    before = ("front_door", "ignored_one")
    code, _ = observed(folder, "mine:Mine", git=observe_git(folder), before=before)
    (folder / "front_door.py").write_text("x = 2\n")
    edited, _ = observed(folder, "mine:Mine", git=observe_git(folder))

    assert "front_door.py" not in code.files
    assert {"ignored_one.py", "mine.py"} <= set(code.loaded)
    assert "front_door.py" in edited.loaded


# --- versions


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    made = site(tmp_path)
    sys.path.append(str(made))
    install(made, "toyfam", {"toyfam/__init__.py": "", "toyfam/nb.py": CLASS}, requires="toydep")
    install(made, "toydep", {"toydep.py": "x = 1\n"})
    install(made, "undeclared", {"undeclared.py": "x = 1\n"})
    install(made, "front-door", {"front_door.py": "x = 1\n"})
    return made


USED = {
    "its own package": ({}, "toyfam.nb:Mine", (), {"toyfam", "toydep"}),
    "loaded before": ({}, "toyfam.nb:Mine", ("toyfam.nb", "front_door"), {"toyfam", "toydep"}),
    "by an own module": (
        {"mine.py": f"import toyfam\n{CLASS}"}, "mine:Mine", ("toyfam",), {"toyfam", "toydep"},
    ),
    "by a module of a module": (
        {"mine.py": f"import one_more\n{CLASS}", "one_more.py": "from undeclared import x\n"},
        "mine:Mine", ("undeclared", "front_door"), {"undeclared"},
    ),
    "in a function, loaded before": (
        {"mine.py": f"{CLASS}\n    def go(self):\n        import undeclared\n"},
        "mine:Mine", ("undeclared",), {"undeclared"},
    ),
    "in a function, loaded by it": (
        {"mine.py": f"{CLASS}\n    def go(self):\n        __import__('undeclared')\n"},
        "mine:Mine", ("front_door",), {"undeclared"},
    ),
    "derived from": (
        {"mine.py": "import toyfam.nb as t\nB = t.Mine\ndel t\n\nclass Mine(B):\n    pass\n"},
        "mine:Mine", ("toyfam.nb",), {"toyfam", "toydep"},
    ),
    "none": ({"mine.py": CLASS}, "mine:Mine", ("front_door", "undeclared"), set()),
    "scikit-learn's": ({}, "sklearn.naive_bayes:GaussianNB", ("toyfam", "front_door"), set()),
}  # fmt: skip


@pytest.mark.parametrize("kind", USED)
def test_packages_count_if_estimators_use_them(folder, packages, kind):
    """However they were loaded; those of the front door alone do not."""
    files, estimator, before, expected = USED[kind]
    write(folder, files)
    call = "go" if "function" in kind else None
    _, loaded = observed(folder, estimator, before=before, call=call)

    assert set(loaded.used) == expected


# --- the project's folder


@pytest.mark.parametrize(
    ("files", "allowed", "found"),
    [
        ({"mine.py": ""}, ("sklearn", "mine"), True),
        ({"mine/a.py": ""}, ("sklearn", "mine"), True),
        ({"mine/__init__.py": ""}, ("mine",), True),
        ({"mine.py": ""}, ("sklearn", "lightgbm"), False),
        ({"other.py": ""}, ("sklearn", "mine"), False),
    ],
)
def test_the_project_is_a_place_of_modules_by_declaration(tmp_path, files, allowed, found):
    """Where an allowed module lies in it; last, so that it stands before nothing."""
    write(tmp_path, files)
    before = list(sys.path)
    with own_modules(tmp_path, allowed):
        during = list(sys.path)

    assert during == [*before, str(tmp_path.resolve())] if found else during == before
    assert sys.path == before


def test_a_record_of_before_keeps_its_bytes():
    """What is not there is not written."""
    path = ROOT / "tests/data/record_v1.json"
    record = load_record(path.read_bytes(), "record", RunRecord, RecordFile)
    written = json.loads(record.model_dump_json(by_alias=True))

    assert written == json.loads(path.read_text())
    assert (record.code, record.environment.used, record.environment.libraries) == (None,) * 3
