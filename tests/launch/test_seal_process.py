"""A sealed command is a process like any other: its signals, streams and end are its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from tests.sealing import PYTHON, named

pytestmark = named


def test_arguments_streams_and_status_are_those_of_the_command(project):
    """The environment is, too, but for the temporary folder."""
    code = "import os, sys; print(sys.argv[1:], input(), os.environ['GIVEN']); sys.exit(7)"
    done = subprocess.run(
        project.command(PYTHON, "-c", code, "a b", "é"),
        env={**os.environ, "GIVEN": "1"}, input="in\n", capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout, done.stderr) == (7, "['a b', 'é'] in 1\n", "")


def test_a_stream_ends_when_the_command_closes_it(project):
    """Nothing that stands for the command keeps it open."""
    running = subprocess.Popen(
        project.command("/bin/sh", "-c", "echo said; exec >&-; read wait"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip

    assert running.stdout.read() == "said\n"
    assert running.poll() is None
    running.communicate("\n", timeout=60)


def test_a_command_that_is_missing_is_a_sentence(project):
    """And no traceback."""
    done = project.run(project.folder / "nowhere")

    assert (done.returncode, done.stderr) == (
        127, "could not be started: No such file or directory\n",
    )  # fmt: skip


def test_the_temporary_folder_is_removed(project):
    """It belongs to the command alone."""
    code = "import tempfile; print(tempfile.mkdtemp()); tempfile.TemporaryFile().write(b'x')"
    made = Path(project.python(code).strip())

    assert made.parent.name.startswith("sealed-")
    assert not made.parent.exists()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGSEGV", "SIGKILL", "SIGPIPE"])
def test_a_command_that_a_signal_ended_ends_so(project, name):
    """As the caller would have seen it without a seal; Python's own handlers are not inherited."""
    number = signal.Signals[name]
    done = project.run("/bin/sh", "-c", f"kill -{int(number)} $$")

    assert done.returncode == -number


WAITING = """
import os, signal, subprocess, sys, time
def stop(number, frame):
    print("stopped by", number, flush=True)
    sys.exit(5)
if "handle" in sys.argv:
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
print(os.getpid(), flush=True)
time.sleep(60)
"""


def started(project, *arguments, **options):
    """Start a program that waits; return it and its own process's id."""
    running = subprocess.Popen(
        project.command(PYTHON, "-c", WAITING, *arguments),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # A killed one leaves its temporary folder.
        env={**os.environ, "TMPDIR": str(project.folder)}, **options,
    )  # fmt: skip
    return running, int(running.stdout.readline())


def gone(process):
    """Return whether a process ends within some seconds; one that nobody waits for has ended."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_reaches_the_command(project, name):
    """Its own handler decides what comes of it, and runs once."""
    number = signal.Signals[name]
    running, process = started(project, "handle")
    running.send_signal(number)
    said, _ = running.communicate(timeout=60)

    assert said == f"stopped by {int(number)}\n"
    assert running.returncode == 5
    assert gone(process)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL", "SIGHUP"])
def test_no_child_is_left(project, name):
    """Not even where the one who stands for it is killed."""
    number = signal.Signals[name]
    running, process = started(project)
    running.send_signal(number)
    running.communicate(timeout=60)

    assert running.returncode == -number
    assert gone(process)


def test_an_interrupt_of_a_terminal_is_given_once(project):
    """The kernel gives it to the whole group, and the command is one of it."""
    leader, terminal = os.openpty()
    code = WAITING.replace("sys.exit(5)", "time.sleep(1); print('end', flush=True); sys.exit(5)")
    command = project.command(PYTHON, "-c", code, "handle")
    wrapper = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)"
    wrapper += "; os.execv(sys.argv[1], sys.argv[1:])"
    running = subprocess.Popen(
        [PYTHON, "-c", wrapper, *command], stdin=terminal, stdout=subprocess.PIPE,
        start_new_session=True, text=True,
    )  # fmt: skip
    os.close(terminal)
    process = int(running.stdout.readline())
    os.write(leader, b"\x03")
    said, _ = running.communicate(timeout=60)
    os.close(leader)

    assert said == "stopped by 2\nend\n"
    assert running.returncode == 5
    assert gone(process)


def test_a_command_that_stops_is_seen_to_stop_and_goes_on(project):
    """As a shell does it with Ctrl-Z and `fg`."""
    code = "import os, signal; os.kill(os.getpid(), signal.SIGSTOP); print('on')"
    running = subprocess.Popen(
        project.command(PYTHON, "-c", code), stdout=subprocess.PIPE, text=True
    )
    _, status = os.waitpid(running.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    running.send_signal(signal.SIGCONT)

    assert running.communicate(timeout=60)[0] == "on\n"
    assert running.returncode == 0


def test_a_child_that_outlives_the_command_goes_on_sealed(project):
    """A daemon opens files after the command ended, and is refused the same ones."""
    code = """
import os, sys, time
reading, writing = os.pipe()
if os.fork():
    sys.exit(0)
os.setsid()
time.sleep(1)
try: open(sys.argv[1])
except OSError as error: open("output/later", "w").write(str(error.errno))
"""
    program = project.folder.parent / "daemon.py"
    program.write_text(code)
    command = project.command(
        PYTHON, "-P", program, project.secret, read=(program,), write=(project.output,)
    )
    assert subprocess.run(command, cwd=project.folder, check=False, timeout=60).returncode == 0
    later = project.output / "later"
    for _ in range(100):
        if later.exists() and later.read_text():
            break
        time.sleep(0.1)

    assert later.read_text() == "13"
