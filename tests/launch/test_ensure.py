"""The interpreter is restarted once where that is needed, and never where it is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import ClassVar

import pytest
from tests.launch.conftest import Launchpad

from repro.launch import Level, restart

SHOW_ENVIRON = "import json, os; print(json.dumps(dict(os.environ)))"
posix = pytest.mark.skipif(os.name == "nt", reason="exec replaces a process on POSIX alone")


def test_inherited_variables_never_win(launchpad: Launchpad):
    """Whatever the caller's environment says, the program sees what the level fixes."""
    result = launchpad.run(launchpad.ensured(SHOW_ENVIRON), environ=launchpad.HOSTILE)
    seen = json.loads(result.stdout)

    assert {name: seen.get(name) for name in launchpad.RIGHT} == launchpad.RIGHT


def test_rest_of_the_environment_is_kept(launchpad: Launchpad):
    """A variable that no level fixes reaches the program unchanged, and no guard is left."""
    result = launchpad.run(
        launchpad.ensured(SHOW_ENVIRON), environ={**launchpad.HOSTILE, "MINE": 'a "b" ü'}
    )
    seen = json.loads(result.stdout)

    assert seen["MINE"] == 'a "b" ü'
    assert restart.GUARD not in seen


@posix
def test_hostile_environment_costs_one_restart_of_the_same_process(launchpad: Launchpad):
    """Two starts, one process: the caller's handle on it stays valid."""
    launchpad.run(launchpad.ensured(), environ=launchpad.HOSTILE)

    assert len(launchpad.starts) == 2
    assert len(set(launchpad.starts)) == 1


def test_right_environment_starts_nothing(launchpad: Launchpad):
    """An environment that is right already costs no second start."""
    result = launchpad.run(launchpad.ensured(), environ=launchpad.RIGHT)

    assert (result.returncode, len(launchpad.starts)) == (0, 1)


def test_seeded_starts_nothing(launchpad: Launchpad):
    """The level that fixes nothing never restarts."""
    code = "from repro.launch import Level, ensure; ensure(Level.SEEDED)"
    launchpad.run("-c", code, environ=launchpad.HOSTILE)

    assert len(launchpad.starts) == 1


def test_second_call_starts_nothing(launchpad: Launchpad):
    """Asking again, for the same level or a lower one, costs nothing."""
    launchpad.run(
        launchpad.ensured("ensure(Level.STRICT); ensure(Level.SEEDED)"), environ=launchpad.HOSTILE
    )

    assert len(launchpad.starts) == 2


def test_hashes_agree_over_processes(launchpad: Launchpad):
    """The order of a set of text is the same in every process."""
    script = launchpad.ensured("print(hash('x'), {'a', 'b', 'c', 'd'})")
    outputs = {launchpad.run(script, environ=launchpad.HOSTILE).stdout for _ in range(3)}

    assert len(outputs) == 1


def test_libraries_have_one_thread(launchpad: Launchpad):
    """Read back from the libraries themselves: every pool has one thread."""
    show = (
        "import scipy.linalg, sklearn, threadpoolctl\n"
        "print([pool['num_threads'] for pool in threadpoolctl.threadpool_info()])"
    )
    result = launchpad.run(launchpad.ensured(show), environ=launchpad.HOSTILE)

    assert set(json.loads(result.stdout)) == {1}


@pytest.mark.parametrize(
    "arguments",
    [
        ["plain"],
        ["with space", "", '"double"', "'single'", "back\\slash", "ü 漢 🎲", "--", "-x", "*"],
    ],
)
def test_arguments_and_status_are_preserved(launchpad: Launchpad, arguments: list[str]):
    """The program sees the arguments it was given, and its caller the status it ended with."""
    show = "import sys, json; print(json.dumps(sys.argv[1:])); sys.exit(7)"
    result = launchpad.run(
        launchpad.ensured(show, "a program.py"), *arguments, environ=launchpad.HOSTILE
    )

    assert (json.loads(result.stdout), result.returncode) == (arguments, 7)


def test_flags_are_preserved(launchpad: Launchpad):
    """Interpreter flags hold after the restart too."""
    show = "import sys; print(sys._xoptions, sys.warnoptions, sys.flags.optimize)"
    result = launchpad.run(
        "-X", "faulthandler", "-W", "error::UserWarning", "-O", launchpad.ensured(show),
        environ=launchpad.HOSTILE,
    )  # fmt: skip

    assert result.stdout.strip() == "{'faulthandler': True} ['error::UserWarning'] 1"
    assert len(launchpad.starts) == 2


@pytest.mark.parametrize("how", ["module", "code"])
def test_module_and_code_are_started_again_as_such(launchpad: Launchpad, how: str):
    """A program named by ``-m``, or given by ``-c``, is found again."""
    code = launchpad.ENSURE + "import sys; print(sys.argv[1:], __name__)"
    launchpad.script(code, "program.py")
    start = ["-m", "program"] if how == "module" else ["-c", code]
    result = launchpad.run(*start, "a b", environ=launchpad.HOSTILE)

    assert result.stdout.strip() == "['a b'] __main__"
    assert len(launchpad.starts) == 2


def test_what_was_written_before_is_not_lost(launchpad: Launchpad):
    """Buffered output is written out before the process is replaced."""
    result = launchpad.run(
        launchpad.script("print('before', end='|')\n" + launchpad.ENSURE + "print('after')"),
        environ=launchpad.HOSTILE,
    )

    assert result.stdout == "before|before|after\n"


def test_restart_that_does_not_help_is_refused(launchpad: Launchpad):
    """Where something sets a variable back at every start, one restart is tried and no more."""
    launchpad.customize("os.environ['OMP_NUM_THREADS'] = '8'")
    result = launchpad.run(launchpad.refused(), environ={})

    assert "OMP_NUM_THREADS is '8', not '1'" in result.stdout
    assert "restarted once" in result.stdout
    assert len(launchpad.starts) == 2


def test_hash_randomisation_by_flag_is_refused(launchpad: Launchpad):
    """The flag ``-R`` wins over the seed, so that a restart cannot help and one is tried."""
    result = launchpad.run("-R", launchpad.refused(), environ=launchpad.RIGHT)

    assert "PYTHONHASHSEED=0 was not in effect" in result.stdout
    assert len(launchpad.starts) == 2


@pytest.mark.parametrize("flag", ["-I", "-E"])
def test_flags_that_ignore_the_environment_are_refused(launchpad: Launchpad, flag: str):
    """A hash seed that Python would ignore is an error, with the reason."""
    result = launchpad.run(flag, launchpad.refused(), environ=launchpad.RIGHT)

    assert "started with -E or -I, which ignore PYTHONHASHSEED" in result.stdout


def test_numpy_already_imported_is_refused(launchpad: Launchpad):
    """Once NumPy has read the variables it is too late, and the advice says what to set."""
    result = launchpad.run(launchpad.refused("import numpy\n"), environ={})

    assert "NumPy is imported already" in result.stdout
    assert "PYTHONHASHSEED=0 OMP_NUM_THREADS=1" in result.stdout


def test_numpy_already_imported_is_fine_in_a_right_environment(launchpad: Launchpad):
    """Nothing is refused where nothing is needed."""
    result = launchpad.run(
        launchpad.script("import numpy\n" + launchpad.ENSURE), environ=launchpad.RIGHT
    )

    assert (result.returncode, result.stderr) == (0, "")


def test_program_from_standard_input_is_refused(launchpad: Launchpad):
    """A program that was read from a pipe is gone, so it is not restarted into nothing."""
    result = launchpad.run("-", environ=launchpad.HOSTILE, stdin=launchpad.REFUSED)

    assert "standard input" in result.stdout


@pytest.mark.parametrize("inherit", ["after", "before"])
def test_child_with_another_environment_is_restarted_too(launchpad: Launchpad, inherit: str):
    """A child of a restarted program is launched on its own account, whatever it inherited."""
    child = launchpad.ensured("import os; print(os.environ['OMP_NUM_THREADS'])", "child.py")
    parent = (
        "import os, subprocess, sys\n"
        "before = dict(os.environ)\n" + launchpad.ENSURE + "after = dict(os.environ)\n"
        f"environ = {{**{inherit}, 'OMP_NUM_THREADS': '8'}}\n"
        f"sys.exit(subprocess.call([sys.executable, {str(child)!r}], env=environ))"
    )
    result = launchpad.run(launchpad.script(parent), environ=launchpad.HOSTILE)

    assert (result.stdout.strip(), result.returncode) == ("1", 0)
    assert len(launchpad.starts) == 4


def test_interpreter_that_cannot_be_started_is_refused(launchpad: Launchpad):
    """A path of the interpreter that is gone is an error with advice, not a traceback."""
    result = launchpad.run(
        launchpad.refused("import sys; sys.executable = '/nowhere/python'\n"),
        environ=launchpad.HOSTILE,
    )

    assert result.stdout.startswith("could not restart '/nowhere/python': No such file")


class TestEarly:
    """A restart before the level is known for certain."""

    SHOW: ClassVar = (
        "import json, os, sys\n"
        "from repro.launch import Level, dropped, ensure, ensure_early\n"
        "{early}"
        "ensure(Level('{level}'))\n"
        "seen = dict(os.environ), dropped(), sys.flags.hash_randomization\n"
        "print(json.dumps(seen, sort_keys=True))"
    )
    # With what a level overrules, what it keeps out, and text that is not UTF-8.
    GIVEN: ClassVar = {
        **Launchpad.HOSTILE,
        "OPENBLAS_CORETYPE": "Prescott",
        "MKL_NUM_STRIPES": "\udcff",
        "MINE": "\udcfe",
    }

    def seen(self, launchpad: Launchpad, level: str, likely: str | None) -> tuple[str, int]:
        """Return what a program sees of its environment, and how often Python started for it."""
        early = f"ensure_early(Level('{likely}'))\n" if likely else ""
        before = len(launchpad.starts)
        program = launchpad.script(self.SHOW.format(early=early, level=level))
        done = launchpad.run(program, environ=self.GIVEN)
        assert done.returncode == 0, done.stderr
        return done.stdout, len(launchpad.starts) - before

    @pytest.mark.parametrize("level", list(Level))
    @pytest.mark.parametrize("likely", [Level.STRICT, Level.PORTABLE_V2])
    def test_program_sees_what_it_would_without(
        self, launchpad: Launchpad, level: Level, likely: Level
    ):
        """A wrong guess costs one more restart, and a right one nothing."""
        usual, starts = self.seen(launchpad, level, None)
        early, with_early = self.seen(launchpad, level, likely)

        assert early == usual
        assert with_early == (2 if level is likely else 3)
        assert starts == (1 if level is Level.SEEDED else 2)

    def test_right_environment_starts_nothing(self, launchpad: Launchpad):
        """As for a level that is certain."""
        code = "from repro.launch import Level, ensure_early; ensure_early(Level.STRICT)"
        launchpad.run("-c", code, environ=launchpad.RIGHT)

        assert len(launchpad.starts) == 1

    @pytest.mark.parametrize("hindered", ["import numpy", "sys.executable = '/nowhere/python'"])
    def test_what_hinders_a_restart_is_left_to_the_level_that_is_certain(
        self, launchpad: Launchpad, hindered: str
    ):
        """No error, and nothing is started."""
        code = f"import sys; {hindered}; from repro.launch import *; ensure_early(Level.STRICT)"
        done = launchpad.run("-c", code, environ=launchpad.HOSTILE)

        assert (done.returncode, done.stderr, len(launchpad.starts)) == (0, "", 1)

    @pytest.mark.parametrize("damaged", ["{", "[1]", '{"OMP_NUM_THREADS": 8}', "null"])
    def test_a_damaged_note_of_the_environment_before_is_no_obstacle(
        self, launchpad: Launchpad, damaged: str
    ):
        """Whoever starts the program can write it; the level holds all the same."""
        notes = (
            "import os\n"
            "if 'ONCE' not in os.environ:\n"
            f"    os.environ |= {{'ONCE': '1', {restart.EARLY!r}: {damaged!r}}}\n"
            f"    os.environ[{restart.GUARD!r}] = f'portable:{{os.getpid()}}'\n"
        )
        done = launchpad.run(
            launchpad.script(notes + launchpad.ENSURE + "print(os.environ['OMP_NUM_THREADS'])"),
            environ=launchpad.HOSTILE,
        )

        assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")

    def test_a_level_that_is_set_back_at_every_start_is_refused(self, launchpad: Launchpad):
        """One restart is tried and no more."""
        launchpad.customize("os.environ['OMP_NUM_THREADS'] = '8'")
        early = "from repro.launch import Level, ensure_early; ensure_early(Level.STRICT)\n"
        done = launchpad.run(launchpad.refused(early), environ={})

        assert "restarted once" in done.stdout
        assert len(launchpad.starts) == 2


class TestChild:
    """Where exec does not replace a process, a child runs in its place."""

    def test_status_of_the_child_is_returned(self):
        """The status is the child's own."""
        status = restart.run_child([sys.executable, "-c", "raise SystemExit(5)"], dict(os.environ))

        assert status == 5

    @posix
    def test_interrupt_is_left_to_the_child(self, launchpad: Launchpad):
        """Ctrl-C reaches both; the parent waits for the child to end in its own way."""
        child = launchpad.script(
            "import signal, sys, time\n"
            "signal.signal(signal.SIGINT, lambda *_: (time.sleep(0.5), sys.exit(9)))\n"
            "print('ready', flush=True); time.sleep(30)",
            "child.py",
        )
        parent = launchpad.script(
            "import os, sys; from repro.launch import restart\n"
            f"sys.exit(restart.run_child([sys.executable, {str(child)!r}], dict(os.environ)))"
        )
        with subprocess.Popen(
            [sys.executable, str(parent)],
            env=launchpad.environ({}),
            stdout=subprocess.PIPE,
            process_group=0,
        ) as process:
            process.stdout.readline()
            os.killpg(process.pid, 2)
            status = process.wait(timeout=300)

        assert status == 9
