"""``repro exec``: any command, in the pinned environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from tests.conftest import command

from repro.launch import Level, leaking, pinned

posix = pytest.mark.skipif(os.name == "nt", reason="signals, a POSIX shell, and exec")

# Sums of products, and functions of each library that chooses by processor.
SCRIPT = """\
import hashlib, sys
import numpy as np
from scipy import linalg
x = np.random.RandomState(0).randn(200, 200)
parts = [x @ x.T, np.exp(x), np.tanh(x), linalg.solve(x, x.T), np.log(abs(x)).sum()]
print(hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest())
"""

HOSTILE = {
    "OPENBLAS_CORETYPE": "Nehalem",
    "OMP_NUM_THREADS": "8",
    "OPENBLAS_NUM_THREADS": "8",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA",
    "PYTHONHASHSEED": "7",
}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch):
    for name in [*leaking(os.environ), "PYTHONHASHSEED"]:
        monkeypatch.delenv(name, raising=False)


def run(*arguments: object, **options):
    return command("-m", "repro", "exec", *arguments, **options)


def seen_by(result):
    """The environment that a command printed."""
    assert result.status == 0, result.err
    return dict(line.split("=", 1) for line in result.out.splitlines() if "=" in line)


SHOW = (sys.executable, "-c", "import os; [print(f'{k}={v}') for k, v in os.environ.items()]")


def test_bits_do_not_depend_on_a_hostile_environment(tmp_path):
    """The same from a clean shell and from a hostile one, which by itself gives others."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    line = ("--", sys.executable, script)

    clean, hostile = run(*line, cwd=tmp_path), run(*line, cwd=tmp_path, env=HOSTILE)

    assert (clean.status, clean.out) == (0, hostile.out)
    if Level.PORTABLE.pins is not None:
        bare = command(script, cwd=tmp_path, env=HOSTILE)
        assert bare.out not in {"", clean.out}


@pytest.mark.parametrize("level", [level for level in Level if level.keeps_out])
def test_command_sees_what_the_level_fixes_and_nothing_beside(tmp_path, level):
    """The environment is the one that every other command of repro trains in."""
    result = run("--level", level, "--", *SHOW, cwd=tmp_path, env=HOSTILE)

    seen = seen_by(result)
    assert {name: seen.get(name) for name in level.variables} == dict(level.variables)
    assert leaking(seen).keys() <= level.variables.keys()


def test_options_after_the_command_are_its_own():
    """With the two dashes, and without."""
    code = "import sys; print(sys.argv[1:])"
    for dashes in (["--"], []):
        result = run(*dashes, sys.executable, "-c", code, "--level", "x", "--", "-h")
        assert result.out == "['--level', 'x', '--', '-h']\n"


def test_exit_status_is_the_commands_own():
    """Of success, of a finding, of anything."""
    for status in (0, 1, 77):
        assert run("--", sys.executable, "-c", f"raise SystemExit({status})").status == status


@posix
def test_process_is_the_command_itself():
    """A signal to it reaches the command, and the one that ends the command ends it."""
    with subprocess.Popen(
        [sys.executable, "-m", "repro", "exec", "--", sys.executable, "-c", WAIT],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == f"{process.pid}\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(300) == -signal.SIGTERM


WAIT = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells which signals are ignored")
def test_a_closed_pipe_ends_the_command():
    """Python ignores that signal for itself; its command does not inherit this."""
    ignored = run("--", "grep", "SigIgn", "/proc/self/status").out.split()[1]

    assert not int(ignored, 16) >> (signal.SIGPIPE - 1) & 1


def test_what_is_not_known_is_told_in_one_line():
    """What is known to repro is kept out without a word; the rest may be a slip."""
    known = run("--", *SHOW, env={"OPENBLAS_L2_SIZE": "512"})
    unknown = run("--", *SHOW, env={"OMP_NUM_THREAD": "1", "NPY_NEW": "1"})

    assert known.err == ""
    assert unknown.err.count("\n") == 1
    assert unknown.err.strip().endswith("kept out: NPY_NEW, OMP_NUM_THREAD")
    assert not {"OMP_NUM_THREAD", "NPY_NEW"} & seen_by(unknown).keys()


def test_what_cannot_be_run_is_refused_with_the_next_step(tmp_path):
    """Not found, not executable, no first line, a first line that names nothing."""
    for name, text, mode in (
        ("plain", "exit 0\n", 0o644),
        ("bare", "exit 0\n", 0o755),
        ("lost", "#!/no/such/program\n", 0o755),
    ):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)

    results = {n: run("--", n, cwd=tmp_path) for n in ("./none", "./plain", "./bare", "./lost")}

    assert {result.status for result in results.values()} == {3}
    assert "command not found" in results["./none"].err
    assert "chmod +x ./plain" in results["./plain"].err
    assert "repro exec -- sh ./bare" in results["./bare"].err
    assert "interpreter in its first line was not found" in results["./lost"].err


def test_no_command_teaches():
    """So does a command that would not be run."""
    none, idle = run(), run("--print-env", "shell", "--", "true")

    assert (none.status, idle.status) == (2, 2)
    assert "repro exec -- python train.py" in none.err
    assert "leave out the command" in idle.err


@posix
@pytest.mark.parametrize("level", [level for level in Level if level.keeps_out])
def test_shell_takes_the_printed_environment(tmp_path, level):
    """Evaluated by sh, it gives what `repro exec` gives."""
    environ = {"PATH": os.environ["PATH"], **HOSTILE, "OPENBLAS_L2_SIZE": "512"}
    evaluated = f'eval "$({sys.executable} -m repro exec --level {level} --print-env shell)"; env'

    done = subprocess.run(
        ["sh", "-c", evaluated],
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    seen = dict(line.split("=", 1) for line in done.stdout.splitlines())
    wanted = pinned(level, environ)
    # Some, such as PWD, are the shell's own.
    assert {n: v for n, v in seen.items() if n in wanted or n in environ} == wanted


@posix
def test_a_name_that_is_code_is_not_handed_to_a_shell():
    """Some shells pass on names that they cannot hold: it is told, and not printed."""
    result = run("--print-env", "shell", env={"OMP_;touch pwned": "1", "OPENBLAS_L2_SIZE": "1"})

    assert result.out.splitlines()[0] == "unset OPENBLAS_L2_SIZE"
    assert "pwned" not in result.out
    assert result.err.startswith("warning: OMP_;touch pwned can change results")


def test_lines_for_an_image_and_for_a_workflow():
    """One instruction; and lines that leave out what an empty value would not unset."""
    docker = run("--print-env", "docker").out.replace("\\\n", "")
    github = run("--print-env", "github", env={"OPENBLAS_L2_SIZE": "512"})

    word, *settings = docker.split()
    assert (word, settings) == ("ENV", github.out.split())
    assert dict(line.split("=", 1) for line in settings) == dict(Level.PORTABLE.variables)
    assert github.err.startswith("warning: OPENBLAS_L2_SIZE can change results")


@posix
def test_it_starts_at_once():
    """Nothing that is slow to import is imported before the command runs."""
    result = command("-X", "importtime", "-m", "repro", "exec", "--", "true")

    imported = {line.rpartition("|")[2].strip() for line in result.err.splitlines()}
    assert "repro.launch.levels" in imported
    slow = {"numpy", "pydantic", "yaml", "rich", "threadpoolctl", "subprocess"}
    assert imported & slow == set()


@posix
@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["--", ""], 2, "the command's name is empty"),
        (["--", "/"], 3, "a folder, not a command"),
        (["--", "cd", "/"], 3, "repro exec -- sh -c 'cd …'"),
    ],
)
def test_what_is_no_command_is_told_as_such(arguments: list[str], status: int, told: str):
    """With a next step that works."""
    result = run(*arguments)

    assert (result.status, told in result.err) == (status, True), result.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("script.py", "a", "--level"), "['script.py', 'a', '--level']"),
        (("./script.py",), "['./script.py']"),
        (("folder/inner.py", "b"), "['folder/inner.py', 'b']"),
        (("-m", "script", "c"), "c']"),
        (("-c", "import sys; print(sys.argv)", "d"), "['-c', 'd']"),
        (("-m", "folder.inner"), "inner.py']"),
    ],
)
def test_a_script_or_module_needs_no_python_before_it(tmp_path, arguments, expected):
    """By the Python that runs repro."""
    (tmp_path / "folder").mkdir()
    for name in ("script.py", "folder/inner.py"):
        (tmp_path / name).write_text("import sys; print(sys.argv)")

    result = command("-m", "repro", "exec", "--level", "seeded", "--", *arguments, cwd=tmp_path)

    assert (result.status, result.out.strip()[-len(expected) :]) == (0, expected), result.err
