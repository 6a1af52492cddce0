"""A process that shut itself off reaches no network, whatever it tries, and neither do its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests import listening, reaching

from repro.launch import isolated_command, isolation, isolation_of_children

pytestmark = pytest.mark.skipif(
    isolation_of_children().mechanism == "", reason=isolation_of_children().reason or "isolated"
)
PROGRAM = [sys.executable, reaching.__file__]


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def servers():
    found = listening.start()
    yield found
    found.close()


@pytest.fixture(scope="module")
def outcomes(servers):
    """What every attempt comes to: freely, and shut off; and how many came to the servers."""
    free = json.loads(run([*PROGRAM, *servers.ports]))
    came = servers.visits()
    shut = json.loads(run(isolated_command([*PROGRAM, *servers.ports])))
    return free, came, shut, servers.visits()


@pytest.mark.parametrize("attempt", reaching.ATTEMPTS)
def test_what_works_freely_is_refused(outcomes, attempt):
    """The same program, in the same system: only the filter is between them."""
    free, _, shut, _ = outcomes
    if free[attempt]:
        pytest.skip(f"cannot be done at all: {free[attempt]}")

    assert "denied" in shut[attempt]


def test_no_packet_arrives(outcomes):
    """As the servers see it."""
    _, freely, _, shut = outcomes

    assert freely >= 5
    assert shut == 0


THREAD = """
import socket, sys, threading
from repro.launch import isolate
shut, said = threading.Event(), []
def other():
    shut.wait()
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
    except OSError as error:
        said.append(error.errno)
running = threading.Thread(target=other)
running.start()
isolate(); shut.set(); running.join()
print(said)
"""
OPEN = """
import socket, sys
from repro.launch import isolate
made = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
packets = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
made.send(b"before")
found = isolate()
for call in (lambda: made.send(b"after"), lambda: packets.sendto(b"x", ("127.0.0.1", int(sys.argv[2])))):
    try:
        call()
    except OSError as error:
        print(error.errno)
print(found.mechanism)
"""  # noqa: E501
AGAIN = "from repro.launch import isolate; print(isolate().mechanism, isolate().mechanism)"
RING = """
import ctypes, os
from repro.launch import isolate
libc = ctypes.CDLL(None, use_errno=True)
isolate()
print(libc.syscall(425, 1, ctypes.create_string_buffer(200)), ctypes.get_errno())
"""
FORKSERVER = """
import multiprocessing, os
from repro.launch import isolate
if __name__ == "__main__":
    isolate()
    context = multiprocessing.get_context("forkserver")
    with context.Pool(2) as pool:
        print(pool.map(abs, [-1, 2, -3]))
"""


def test_threads_that_ran_before_are_filtered(servers):
    """A thread of a download is there before the filter is."""
    assert run([sys.executable, "-c", THREAD, *servers.ports]) == "[13]\n"
    assert servers.visits() == 0


def test_sockets_that_were_open_before_are_not_any_more(servers):
    """A connection of a download would go on past the filter."""
    said = run([sys.executable, "-c", OPEN, *servers.ports]).split()

    assert said[-1] == "seccomp"
    # ENOTSOCK: the descriptor is that of a file.
    assert said[:-1] == ["88", "88"]
    assert servers.visits() == 1


def test_an_inherited_socket_is_closed(servers):
    """Whoever started the process may have left one open."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as given:
        code = "import os, sys; print(os.readlink(f'/proc/self/fd/{sys.argv[1]}'))"
        command = isolated_command([sys.executable, "-c", code, str(given.fileno())])
        done = subprocess.run(
            command, pass_fds=[given.fileno()], capture_output=True, text=True, check=False
        )

    assert "socket" not in done.stdout


def test_a_standard_stream_that_is_a_network_socket_is_said(servers):
    """It is left as it is, since the answer goes there."""
    with socket.create_connection(("127.0.0.1", int(servers.ports[0]))) as given:
        done = subprocess.run(
            isolated_command([]), stdin=given, capture_output=True, text=True, check=False
        )
    servers.visits()

    assert done.stdout == "\nstandard input, output or error is a network socket\n"


def test_twice_is_as_once():
    """A trial in a process that was shut off already, or in a container's own filter."""
    assert run([sys.executable, "-c", AGAIN]) == "seccomp seccomp\n"


def test_no_ring_of_requests_is_opened():
    """io_uring opens sockets without the system call that the filter looks at."""
    assert run([sys.executable, "-c", RING]) == "-1 13\n"


def test_local_sockets_and_pools_work(tmp_path):
    """Pools that are served by a process of their own connect by local sockets."""
    program = tmp_path / "pool.py"
    program.write_text(FORKSERVER)

    assert run([sys.executable, str(program)]) == "[1, 2, 3]\n"


def test_the_program_becomes_the_command(tmp_path):
    """Arguments, environment and status go through; nothing of the caller's runs before."""
    (tmp_path / "sitecustomize.py").write_text("import os; print('early', os.path.exists('/'))\n")
    code = "import sys, os; print(sys.argv[1:], os.environ['GIVEN']); sys.exit(7)"
    command = isolated_command([sys.executable, "-c", code, "a b", "é"])
    done = subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "GIVEN": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    # Once: in the command's own interpreter, which is filtered by then.
    assert (done.returncode, done.stdout) == (7, "early True\n['a b', 'é'] 1\n")


def test_a_command_that_is_missing_is_a_sentence(tmp_path):
    """And no traceback."""
    done = subprocess.run(
        isolated_command([str(tmp_path / "nowhere")]), capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (
        127, "could not be started: No such file or directory\n",
    )  # fmt: skip


@pytest.mark.parametrize("machine", ["riscv64", "i686", "armv7l", "s390x", "ppc64le"])
def test_a_machine_without_a_filter_says_so(monkeypatch, machine):
    """It runs all the same."""
    known = os.uname()
    renamed = os.uname_result((*known[:4], machine))
    monkeypatch.setattr(isolation.os, "uname", lambda: renamed)

    assert isolation.isolate() == ("", f"repro has no filter for {machine}")


@pytest.mark.parametrize("system", ["darwin", "win32", "freebsd14", "cygwin", "emscripten"])
def test_a_system_without_a_filter_says_so(monkeypatch, system):
    """It runs all the same, by the command as it is."""
    monkeypatch.setattr(isolation.sys, "platform", system)

    assert isolation.isolate() == ("", f"repro cannot do it on {system}")
    assert isolation.isolated_command(["a"]) == ["a"]


def test_it_needs_nothing_but_the_standard_library():
    """As a program it runs without site-packages, before anything else does."""
    done = run([sys.executable, "-I", "-S", Path(isolation.__file__)])

    assert done == "seccomp\n\n"
