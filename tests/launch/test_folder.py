"""Nothing is imported from the folder that a command happens to be started in."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version

import pytest

from repro.execution.observing import Observation
from repro.launch import Level, module_command, safe_children, without_folder

# Some that repro imports, some that only workers or children do.
NAMES = ("random", "json", "decimal", "socket", "secrets", "click", "joblib", "queue")


@pytest.fixture
def trap(tmp_path):
    """A folder in which every file of a well-known name says that it was run."""
    folder = tmp_path / "trap"
    folder.mkdir()
    for name in NAMES:
        (folder / f"{name}.py").write_text(
            f"open(__file__ + '.run', 'w').close()\nraise SystemExit('{name} was run')\n"
        )
    return folder


def sprung(folder):
    return sorted(path.name for path in folder.glob("*.run"))


def run(command, folder, **environ):
    return subprocess.run(
        command, cwd=folder, env=os.environ | environ, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("command", [["--version"], ["config", "schema", "metrics"], ["--help"]])
def test_the_module_is_not_misled(trap, command):
    """``python -m`` puts the folder first, and it is left before anything is imported."""
    done = run([sys.executable, "-m", "repro", *command], trap)

    assert (done.returncode, sprung(trap)) == (0, []), done.stderr


def test_a_restart_does_without_the_folder_too(trap):
    """The flag is that of the interpreter, since it starts with the same arguments."""
    site = trap / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import sys\nif 'REPRO_LAUNCHED' in __import__('os').environ: print(sys.orig_argv[1:4])\n"
    )
    done = run(
        [sys.executable, "-m", "repro", "env", "show", "--level", "strict"],
        trap,
        PYTHONPATH=str(site),
    )

    assert done.stdout.splitlines()[0] == "['-P', '-m', 'repro']"
    assert (done.returncode, sprung(trap)) == (0, []), done.stderr


@pytest.mark.parametrize("module", ["repro.execution.child", "repro.execution.probe"])
def test_a_child_is_not_misled(trap, module):
    """It fails for want of arguments, and not by what lies in the folder."""
    done = run(module_command(sys.executable, module), trap)

    assert sprung(trap) == []
    assert "was run" not in done.stderr


def test_the_observer_of_a_recorded_command_is_not_misled(trap, monkeypatch, tmp_path):
    """It is started where the command is, whose own files may have any name."""
    for name in ("functools", "typing", "subprocess", "numpy", "sklearn"):
        (trap / f"{name}.py").write_text((trap / "random.py").read_text())
    monkeypatch.chdir(trap)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    environ = dict(os.environ) | {"PYTHONPATH": os.pathsep}

    found = Observation(tmp_path, Level("seeded"), sys.executable, environ).result()

    assert found.packages["numpy"] == version("numpy")
    assert sprung(trap) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"PYTHONPATH": "/a"}, {"PYTHONPATH": "/a"}),
        ({"PYTHONPATH": f"/a{os.pathsep}"}, {"PYTHONPATH": "/a"}),
        ({"PYTHONPATH": f"{os.pathsep}/a{os.pathsep}/b"}, {"PYTHONPATH": f"/a{os.pathsep}/b"}),
        ({"PYTHONPATH": os.pathsep}, {"PYTHONPATH": ""}),
        ({"PYTHONSAFEPATH": "", "X": "1"}, {"X": "1"}),
    ],
)
def test_an_empty_entry_of_the_path_is_the_folder_too(given, expected):
    """A slip, since it comes from a variable that was not set."""
    assert without_folder(given) == expected | {"PYTHONSAFEPATH": "1"}


def test_variables_are_as_before_afterwards():
    """Only what is started meanwhile does without."""
    environ = {"PYTHONPATH": f"/a{os.pathsep}", "HOME": "/"}
    before = dict(environ)
    with safe_children(environ):
        during = dict(environ)

    assert during == {"PYTHONPATH": "/a", "HOME": "/", "PYTHONSAFEPATH": "1"}
    assert environ == before


def test_a_process_of_ours_runs_nothing_of_the_folder(trap):
    """Neither by a module nor by a command."""
    with safe_children():
        for arguments in (["-m", "timeit", "-n1", "pass"], ["-c", "import random, json, decimal"]):
            done = run([sys.executable, *arguments], trap)
            assert (done.returncode, sprung(trap)) == (0, []), done.stderr
