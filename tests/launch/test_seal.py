"""A sealed command reaches only the files that were declared; refused ones are named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.needs import require
from tests.sealing import PYTHON, SEAL, TRIED, named

from repro.launch.seal.command import Refusal, python_folders, read_report

pytestmark = named


READERS = {
    "open": ("", "open(sys.argv[1]).read(1)"),
    "descriptor": ("import os", "os.read(os.open(sys.argv[1], os.O_RDONLY), 1)"),
    "relative": ("import os", "open('x/../' + os.path.basename(sys.argv[1])).read(1)"),
    "mapped": ("import numpy", "numpy.memmap(sys.argv[1], mode='r')[0]"),
    "pandas": ("import pandas", "len(pandas.read_csv(sys.argv[1]))"),
    "pyarrow": ("import pyarrow.csv", "pyarrow.csv.read_csv(sys.argv[1]).num_rows"),
    "pandas_with_pyarrow": (
        "import pandas, pyarrow",
        "len(pandas.read_csv(sys.argv[1], engine='pyarrow'))",
    ),
    "file_system_of_pyarrow": (
        "import pyarrow.fs",
        "pyarrow.fs.LocalFileSystem().open_input_file(sys.argv[1]).read(1)",
    ),
    "lightgbm": (
        "import lightgbm",
        "lightgbm.Dataset(sys.argv[1], params={'header': True, 'verbose': -1,"
        " 'min_data_in_bin': 1}).construct().num_data()",
    ),
    "fopen": (
        "import ctypes; libc = ctypes.CDLL(None); libc.fopen.restype = ctypes.c_void_p",
        "1 // bool(libc.fopen(sys.argv[1].encode(), b'r'))",
    ),
}


@pytest.mark.parametrize("reader", READERS)
def test_only_a_declared_file_is_read_by_whatever_reads_it(project, reader):
    """Python, C and C++ make the same system calls; refusing is the kernel's part."""
    setup, read = READERS[reader]
    for module in ("pyarrow", "lightgbm"):
        if module in setup:
            require(module)
    (project.folder / "x").mkdir()
    code = f"{TRIED}\n{setup}\nattempt(lambda: {read})\n"

    assert project.python(code, project.declared).split()[0] == "read"
    assert str(project.declared) not in project.refused("read")
    assert project.python(code, project.secret).split()[0] == "refused"
    assert str(project.secret) in project.refused("read")


def test_a_symbolic_link_is_named_by_what_it_leads_to(project):
    """The declaration of one name does not open a file by the other."""
    (project.folder / "link.csv").symlink_to(project.secret)
    project.python(f"{TRIED}\nattempt(lambda: open('link.csv').read())")

    assert project.refused("read") == {str(project.secret)}


def test_a_file_that_does_not_exist_is_no_refusal(project):
    """Python tries thousands of names."""
    said = project.python(f"{TRIED}\nattempt(lambda: open('nowhere.csv').read())")

    assert said == "refused FileNotFoundError\n"
    assert project.refused("read") == set()


def test_arguments_that_are_no_names_do_not_stop_the_command(project):
    """The supervisor reads them from memory, and the kernel judges them after it."""
    code = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
wrong = [None, ctypes.c_void_p(8), b"\\xff\\xfe" * 3000, b"", b"\\xff"]
print([(libc.open(name, 0), ctypes.get_errno()) for name in wrong])
print(libc.openat(999, b"x", 0), ctypes.get_errno(), libc.connect(999, None, 1 << 20))
print(libc.connect(0, b"\\2", 1), libc.rename(None, None), libc.execve(None, None, None))
print(open("declared.csv").read(1))
"""
    said = project.python(code).splitlines()

    assert said[0] == "[(-1, 14), (-1, 14), (-1, 36), (-1, 2), (-1, 2)]"
    assert said[1:] == ["-1 9 -1", "-1 -1 -1", "a"]


def test_a_folder_that_was_not_declared_is_not_listed(project):
    """A list of files is an input like their content."""
    code = f"{TRIED}\nimport os\nattempt(lambda: os.listdir(sys.argv[1]))"

    assert "refused" in project.python(code, project.folder)
    assert project.refused("list") == {str(project.folder)}
    assert "secret.csv" in project.python(code, project.folder, listed=(project.folder,))
    assert project.refused("list") == set()


CHANGES = {
    "open": "open('new', 'w')",
    "append": "open('secret.csv', 'a')",
    "mkdir": "os.mkdir('new')",
    "symlink": "os.symlink('secret.csv', 'new')",
    "link": "os.link('secret.csv', 'new')",
    "rename": "os.rename('secret.csv', 'new')",
    "replace": "os.replace('output/mine', 'secret.csv')",
    "unlink": "os.unlink('secret.csv')",
    "rmdir": "os.rmdir('empty')",
    "truncate": "os.truncate('secret.csv', 0)",
    "fifo": "os.mkfifo('new')",
}


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_is_changed_outside_of_what_may_be_written(project, change):
    """Every call that changes a folder or a file is refused and named."""
    (project.folder / "empty").mkdir()
    before = project.secret.read_bytes()
    code = (
        f"{TRIED}\nimport os\nopen('output/mine', 'w').close()\nattempt(lambda: {CHANGES[change]})"
    )

    assert project.python(code) in {"refused PermissionError\n", "refused OSError\n"}
    assert len(project.refused("write")) == 1
    assert project.secret.read_bytes() == before
    assert sorted(each.name for each in project.folder.iterdir()) == [
        "declared.csv",
        "empty",
        "output",
        "secret.csv",
    ]


def test_removing_what_does_not_exist_is_no_refusal(project):
    """Nor is making a folder that exists."""
    code = """
import contextlib, os
with contextlib.suppress(FileNotFoundError):
    os.unlink("nowhere")
with contextlib.suppress(FileNotFoundError):
    os.rename("nowhere", "new")
os.makedirs("output", exist_ok=True)
"""
    project.python(code)

    assert project.refused("write") == set()


def test_a_command_reads_back_what_it_wrote(project):
    """In a folder in which it may write, and may not read what was there before."""
    (project.output / "before.txt").write_text("before")
    code = """
import os
with open("output/a", "w") as file: file.write("own")
with open("output/b", "w+") as file: file.write("both"); file.seek(0); print(file.read())
with open("output/before.txt", "w") as file: file.write("replaced")
print(open("output/before.txt").read())
os.replace("output/a", "output/c")
print(open("output/c").read())
os.makedirs("output/d/e")
open("output/d/e/f", "x").write("deep")
print(os.listdir("output/d/e"), open("output/d/e/f").read())
os.umask(0o077)
os.close(os.open("output/g", os.O_RDWR | os.O_CREAT, 0o666))
print(oct(os.stat("output/g").st_mode))
"""
    said = project.python(code).split("\n")

    assert said == ["both", "replaced", "own", "['f'] deep", "0o100600", ""]
    assert project.refusals() == []


def test_what_was_in_a_folder_of_output_is_not_read(project):
    """A file that a run before left is an undeclared input; appending to it makes it no output."""
    (project.output / "before.txt").write_text("before")
    code = f"{TRIED}\nopen('output/before.txt', 'a').close()\n"
    code += "attempt(lambda: open('output/before.txt').read())"

    assert project.python(code) == "refused PermissionError\n"
    assert project.refused("read") == {str(project.output / "before.txt")}


def test_a_file_of_output_need_not_exist(project):
    """Its folder becomes writable, and not readable."""
    later = project.folder / "later" / "model.bin"
    code = "import os; os.mkdir('later'); open('later/model.bin', 'w').write('x')"
    code += "; print(open('later/model.bin').read())"

    assert project.python(code, write=(later,)) == "x\n"
    assert project.refused("read") == set()


def test_a_program_that_was_not_declared_does_not_start(project, tmp_path):
    """Nor the interpreter of a script that was; a name that does not exist is tried on PATH."""
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\nexit 3\n")
    script.chmod(0o755)
    shell = os.path.realpath("/bin/sh")
    code = f"""{TRIED}
import subprocess
attempt(lambda: subprocess.run(["sh", "-c", "exit 3"]).returncode)
attempt(lambda: subprocess.run([sys.argv[1]]).returncode)
"""
    allowed = (Path(PYTHON), script)

    assert project.python(code, script, execute=allowed) == "refused PermissionError\n" * 2
    assert project.refused("execute") == {shell}
    assert project.python(code, script, execute=(*allowed, Path("/bin/sh"))) == "read 3\n" * 2
    assert project.refused("execute") == set()


def test_children_threads_and_their_children_are_sealed(project):
    """However deep, and by whatever way they were started."""
    code = """
import multiprocessing, subprocess, sys, threading
def read():
    try: print(open(sys.argv[1]).read())
    except OSError as error: print(error.errno, flush=True)
if __name__ == "__main__":
    each = [threading.Thread(target=read) for _ in range(3)]
    each += [multiprocessing.get_context(way).Process(target=read) for way in ("fork", "spawn")]
    for one in each: one.start(); one.join()
    outer = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
    inner = f"open({sys.argv[1]!r})"
    subprocess.run([sys.executable, "-c", outer, inner], stderr=subprocess.DEVNULL)
"""
    assert project.python(code, project.secret) == "13\n" * 5
    assert project.refused("read") == {str(project.secret)}


TRAINING = """
import json, sys
import joblib, pandas
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
rows = pandas.read_csv("declared.csv")
data, target = load_breast_cancer(return_X_y=True, as_frame=True)
model = make_pipeline(StandardScaler(), LogisticRegression())
scores = cross_val_score(model, data, target, n_jobs=2)
forest = RandomForestClassifier(10, random_state=0, n_jobs=2).fit(data, target)
joblib.dump(forest, "output/model.joblib")
same = (joblib.load("output/model.joblib").predict(data) == forest.predict(data)).all()
print(json.dumps([len(rows), scores.tolist(), bool(same)]))
"""


def test_a_whole_training_runs_sealed_with_the_same_result(project):
    """Readers, folds in processes, threads, a model that is written and read back."""
    sealed = json.loads(project.python(TRAINING))
    free = subprocess.run(
        [PYTHON, "-c", TRAINING], cwd=project.folder, capture_output=True, text=True, check=True
    )

    assert sealed == json.loads(free.stdout)
    assert sealed[0] == 2
    assert sealed[2]
    assert project.refused("read") | project.refused("write") | project.refused("connect") == set()


def test_the_report_says_what_was_sealed(project):
    """Beside the refusals, so that a report without any is no blank sheet."""
    project.python("")

    assert read_report(project.report).seal == SEAL
    project.report.write_text(project.report.read_text().splitlines()[0] + "\n")
    assert read_report(project.report).seal.reason == "the command was not started sealed"


def test_a_refusal_names_the_program_that_was_refused(project):
    """By its executable, once however often it tries."""
    project.python(f"{TRIED}\nfor _ in range(5): attempt(lambda: open('secret.csv'))")

    assert project.refusals() == [Refusal("read", str(project.secret), os.path.realpath(PYTHON))]


def test_folders_of_an_environment_are_found_from_its_interpreter():
    """Those of the Python from which it was made among them, and never a whole prefix."""
    folders = python_folders(PYTHON)

    assert Path(sys.prefix, "lib") in folders
    assert Path(os.path.realpath(sys.base_prefix), "lib") in map(Path.resolve, folders) or (
        sys.base_prefix in {"/usr", "/usr/local"}
    )
    assert Path(sys.prefix) not in folders
    assert python_folders("/usr/bin/python3") == ()
