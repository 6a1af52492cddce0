"""`repro init`: what it writes, what it never touches, and what it says."""

import os
import signal
import subprocess
import sys
import time

import pytest
from sklearn.datasets import load_iris
from tests.conftest import ROOT, Project, command

from repro.app.init import placing

NAMES = "sepal_length,sepal_width,petal_length,petal_width,species"
OF_MAKE = {"ARGS", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"}
WORKFLOW = ".github/workflows/reproduce.yml"


def iris():
    """Return Fisher's table as the bytes of a CSV file."""
    bunch = load_iris()
    rows = zip(bunch.data, bunch.target, strict=True)
    lines = [",".join([*map(str, row), str(bunch.target_names[kind])]) for row, kind in rows]
    return "\n".join([NAMES, *lines, ""]).encode()


def plain():
    """Return the environment without what a `make` that runs the tests says to one below it."""
    return {name: value for name, value in os.environ.items() if name not in OF_MAKE}


def init(folder, *arguments):
    return command("-m", "repro", "init", *arguments, cwd=folder)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table with two labels, an empty column and one with a mark."""
    folder = tmp_path_factory.mktemp("table")
    rows = [f"{n % 7},{n * 3 % 11}.5,{'xy'[n % 3 == 0]},,{'yes' if n % 7 > 3 else 'no'}\n"
            for n in range(120)]  # fmt: skip
    (folder / "my table.csv").write_text("a,b,kind,void,left\n" + "".join(rows))
    return folder / "my table.csv"


@pytest.fixture(scope="module")
def made(table):
    result = init(table.parent, "my project", "--data", table.name, "--target", "left")
    assert result.status == 0, result.err
    return result, Project(table.parent / "my project")


def test_it_explains_each_guess(made):
    lines = made[0].out.splitlines()

    assert lines[:5] == [
        "left: the target, of the task binary, which detects 'yes'",
        "a: numeric, every value is a number",
        "b: numeric, every value is a number",
        "kind: categorical, some values are text",
        "void: ignored, no value in any row",
    ]
    assert lines[-1] == "next: cd 'my project' && make train verify"
    assert not [path for path in made[1].path.iterdir() if path.name.startswith(".repro")]


def test_what_it_made_trains_verifies_and_predicts(made, table):
    """By the package that is at hand; its own environment is tested where nothing else is."""
    project = made[1]
    assert project.repro("config", "check").status == 0
    trained = project.repro("train", "-p", "debug", "--json")
    assert trained.status == 0, trained.err
    assert project.repro("reference", "-o", "reference/my_table.json").status == 0
    verified = project.repro("verify", "reference/my_table.json")
    assert (verified.status, "identical" in verified.out) == (0, True)
    predicted = project.repro("predict", trained.json["run_id"], table)
    assert predicted.status == 0, predicted.err


def test_its_files_pass_the_checks_of_this_project(made):
    """The workflow by its schema and by zizmor, and the YAML by yamllint."""
    tools = [
        ("check_jsonschema", "--builtin-schema", "vendor.github-workflows", WORKFLOW),
        ("yamllint", "--strict", "-c", ROOT / ".yamllint", "configs", "matrix.yaml", WORKFLOW),
    ]
    for module, *arguments in tools:
        done = command("-m", module, *arguments, cwd=made[1].path)
        assert done.status == 0, done.out + done.err
    zizmor = os.path.join(os.path.dirname(sys.executable), "zizmor")  # noqa: PTH118, PTH120
    subprocess.run([zizmor, "--offline", "-q", ".github"], cwd=made[1].path, check=True)


def test_every_target_of_make_is_listed_and_resolves(made):
    listed = subprocess.run(["make", "help"], cwd=made[1].path, capture_output=True, text=True,
                            env=plain(), check=True).stdout  # fmt: skip
    names = [line.split()[1] for line in listed.splitlines()]
    assert {"train", "verify", "reference", "image", "lock", "matrix"} <= set(names)
    for name in names:
        done = subprocess.run(["make", "-n", name], cwd=made[1].path, capture_output=True,
                              text=True, env=plain(), check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr


def test_a_project_is_not_made_twice(made, table):
    before = {path: path.read_bytes() for path in made[1].path.rglob("*") if path.is_file()}

    again = init(table.parent, "my project", "--data", table.name, "--target", "left")

    assert (again.status, again.out) == (2, "")
    assert "is a project already: it has configs/base.yaml" in again.err
    assert before == {p: p.read_bytes() for p in made[1].path.rglob("*") if p.is_file()}


def test_files_that_are_there_are_kept(tmp_path):
    (tmp_path / "README.md").write_text("mine\n")
    (tmp_path / ".gitignore").symlink_to("nowhere")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/iris.csv").write_bytes(iris())

    result = init(tmp_path, "--data", "data/iris.csv", "--target", "species")

    assert result.status == 0, result.err
    assert "kept .gitignore: it exists, and was not changed" in result.out
    assert "kept README.md" in result.out
    assert (tmp_path / "README.md").read_text() == "mine\n"
    assert (tmp_path / ".gitignore").is_symlink()
    assert not (tmp_path / "data/iris.csv").is_symlink()
    assert result.out.splitlines()[-1] == "next: make train verify"


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        ([], 2, "name one of them"),
        (["new", "--data", "iris.csv"], 2, "--target COLUMN, of: sepal_length"),
        (["new", "--data", "iris.csv", "--target", "kind"], 3, "no target column 'kind'"),
        (["new", "--data", "none.csv", "--target", "kind"], 3, "none.csv: no such file"),
        (["new", "--data", "iris.csv", "--target", "species", "--script", "x.py"], 2, "one of"),
        (["new", "--script", "x.py"], 3, "x.py: no such file in"),
        (["iris.csv", "--data", "iris.csv", "--target", "species"], 2, "is not a folder"),
        (["new", "--data", "odd.csv", "--target", "y"], 2, "--positive LABEL"),
        (["new", "--data", "digits.csv", "--target", "y"], 2, "has two labels, 3 and 4"),
        (["new", "--data", "office.csv"], 2, "--target COLUMN, of: Größe, Preis"),
        (["new", "--data", "folder", "--target", "y"], 2, "folder is a folder: expected a table"),
        (["new", "--data", "twice.csv", "--target", "y"], 3, "/twice.csv: 2 columns are named 'x'"),
    ],
)
def test_a_mistake_leaves_nothing(tmp_path, arguments, status, expected):
    (tmp_path / "iris.csv").write_bytes(iris())
    (tmp_path / "odd.csv").write_text("x,y\n1,red\n2,blue\n3,red\n4,blue\n")
    digits = "".join(f"{n * 7 % 11},{3 + n % 3 % 2}\n" for n in range(40))
    (tmp_path / "digits.csv").write_text("x,y\n" + digits)
    (tmp_path / "office.csv").write_bytes("Größe;Preis\n1,5;2,5\n2,5;3,5\n".encode("cp1252"))
    (tmp_path / "twice.csv").write_text("x,x,y\n1,2,3\n")
    (tmp_path / "folder").mkdir()
    before = sorted(tmp_path.iterdir())

    result = init(tmp_path, *arguments)

    assert (result.status, result.out) == (status, ""), result.err
    assert expected in result.err
    assert sorted(tmp_path.iterdir()) == before


def test_a_script_is_recorded_where_it_lies(tmp_path):
    (tmp_path / "train.py").write_text(
        "try:\n    import no_such_module_of_a_test\nexcept ImportError:\n    pass\n"
        "if 0:\n    import no_such_module\nprint(sum(map(float, open('numbers.txt'))))\n"
    )
    (tmp_path / "numbers.txt").write_text("1\n2\n")

    result = init(tmp_path, "--script", "train.py", "--json")

    assert result.status == 0, result.err
    assert (result.json["schema"], result.json["name"]) == ("repro.init/v1", "train")
    assert result.json["warnings"] == [
        "train.py, line 6: imports no_such_module, which the lock of the project lacks: add"
        " no_such_module to requirements.in, then: make lock"
    ]
    assert not (tmp_path / "configs").exists()
    ignored = (tmp_path / ".dockerignore").read_text().splitlines()
    assert {"!train.py", "!numbers.txt", "!vendor"} <= set(ignored)
    done = command("-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows",
                   WORKFLOW, cwd=tmp_path)  # fmt: skip
    assert done.status == 0, done.out
    record = command("-m", "repro", "record", "--", sys.executable, "train.py", cwd=tmp_path)
    assert record.status == 0, record.err


def test_a_script_may_have_any_name(tmp_path):
    """As the shell that `make` starts reads it."""
    (tmp_path / "it's $my train.py").write_text("print(1)\n")

    assert init(tmp_path, "--script", "it's $my train.py").status == 0
    done = subprocess.run(
        ["make", "train", f"RUN={sys.executable} -m repro", "-o", ".venv/.ready"], cwd=tmp_path,
        capture_output=True, text=True, env=plain(), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1\n"


def test_a_failed_command_is_no_reference(tmp_path):
    (tmp_path / "train.py").write_text("raise SystemExit(2)\n")
    record = command("-m", "repro", "record", "--", sys.executable, "train.py", cwd=tmp_path)
    result = command("-m", "repro", "reference", "-o", "train.json", cwd=tmp_path)

    assert (record.status, result.status) == (2, 3)
    assert "the command failed with status 2" in result.err
    assert not (tmp_path / "train.json").exists()


def test_markers_that_are_named_are_added(tmp_path):
    """One by one, as the printed commands say, and with the empty cells."""
    rows = [f"{n % 9},{['', '-', '?', 'x', 'y'][n % 5]},{'ab'[n % 2]}\n" for n in range(60)]
    (tmp_path / "marks.csv").write_text("n,kind,y\n" + "".join(rows))
    made = init(tmp_path, "p", "--data", "marks.csv", "--target", "y", "--positive", "b")
    assert made.status == 0, made.err
    project = Project(tmp_path / "p")
    for mark in ("-", "?"):
        done = project.repro("data", "add", "marks", "--replace", "--missing-in", "kind", mark)
        assert done.status == 0, done.err

    listed = project.repro("data", "list", "--json").json["datasets"]["marks"]
    assert listed["missing"]["kind"] == ["", "-", "?"]
    for options in (("--ignore", "y"), ("--ignore", "n", "--numeric", "n")):
        refused = project.repro("data", "add", "marks", "--replace", *options)
        assert refused.status == 2, refused.out


@pytest.mark.skipif(sys.platform == "win32", reason="there is no terminal of this kind")
def test_a_terminal_is_asked(tmp_path):
    import pty  # noqa: PLC0415 - where there is one

    (tmp_path / "iris.csv").write_bytes(iris())
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "repro", "init", "new"], cwd=tmp_path, stdin=theirs,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.write(ours, b"iris.csv\nspecies\n")
    out, err = process.communicate(timeout=120)

    assert process.returncode == 0, err
    assert "Table to train on" in err
    assert "columns: sepal_length" in err
    assert "made the project 'iris'" in out


def test_an_interrupt_leaves_nothing(tmp_path):
    """While the table is read, which takes its time here."""
    rows = "".join(f"{n},{n % 3}\n" for n in range(400_000))
    (tmp_path / "large.csv").write_text("x,y\n" + rows)
    process = subprocess.Popen(
        [sys.executable, "-m", "repro", "init", "new", "--data", "large.csv", "--target", "y"],
        cwd=tmp_path, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not (tmp_path / "new").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)

    # Python ends by the signal itself if it came while a text was executed, as dataclasses do when
    # they are imported; a shell shows 130 for both.
    assert process.returncode in {130, -signal.SIGINT}, err
    assert "interrupted: no partial output was left" in err
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_killed_attempt_is_cleaned_up_by_the_next_and_a_live_one_is_not(tmp_path):
    """The system knows which process has ended."""
    holding = (
        "import sys, time; from pathlib import Path; from repro.app.init.placing import beside\n"
        "with beside(Path('new')) as stage:\n"
        "    (stage / 'half').write_text('x'); print(flush=True); time.sleep(600)"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", holding], cwd=tmp_path, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    try:
        for process in both:
            process.stdout.readline()
        assert len(list(tmp_path.glob("new/.repro-init-*/project/half"))) == 2
        both[0].kill()
        both[0].wait(60)
        with placing.beside(tmp_path / "new"):
            pass
        left = list(tmp_path.glob("new/.repro-init-*/project/half"))
        assert len(left) == 1
        both[1].send_signal(signal.SIGINT)
        both[1].wait(60)
        assert not left[0].exists()
    finally:
        for process in both:
            process.kill()
            process.wait(60)
            process.stdout.close()


def test_a_project_is_known_only_when_it_is_whole(tmp_path, monkeypatch):
    """A process that is killed meanwhile leaves what a second attempt completes."""
    staged, folder = tmp_path / "staged", tmp_path / "folder"
    for name in ("configs/base.yaml", "data/t.csv", "zebra"):
        (staged / name).parent.mkdir(parents=True, exist_ok=True)
        (staged / name).write_text(name)
    folder.mkdir()
    seen = []
    move = placing._move
    monkeypatch.setattr(
        placing, "_move", lambda path, target: seen.append(target) or move(path, target)
    )

    placed, kept = placing.place(staged, folder, ["configs/base.yaml"])

    assert seen[-1] == folder / "configs/base.yaml"
    assert (placed, kept) == (["configs/base.yaml", "data/t.csv", "zebra"], [])


@pytest.mark.skipif(sys.platform != "linux", reason="needs a /proc file system")
def test_a_full_disk_is_named_and_leaves_nothing(tmp_path):
    (tmp_path / "iris.csv").write_bytes(iris())
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000));"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "sys.argv = ['repro', 'init', 'new', '--data', 'iris.csv', '--target', 'species'];"
        "from repro.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 3, done.stderr
    assert "new: cannot be written: File too large" in done.stderr
    assert not (tmp_path / "new").exists()
