"""A sealed command reaches only what was declared; what is refused has its name in the report."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests import listening
from tests.needs import require

from repro.launch.seal.command import (
    Allowed,
    Refusal,
    available_seal,
    python_folders,
    read_report,
    sealed_command,
)

ROOT = Path(__file__).resolve().parents[2]
SEAL = available_seal()
pytestmark = pytest.mark.skipif(
    not (SEAL.files and SEAL.names), reason=SEAL.reason or "everything is sealed"
)
needs_own_network = pytest.mark.skipif(SEAL.network != "loopback", reason=SEAL.reason or "sealed")
PYTHON = sys.executable


@dataclass(frozen=True)
class Project:
    """A folder with a declared and an undeclared file, and one for output."""

    folder: Path

    @property
    def declared(self) -> Path:
        return self.folder / "declared.csv"

    @property
    def secret(self) -> Path:
        return self.folder / "secret.csv"

    @property
    def output(self) -> Path:
        return self.folder / "output"

    @property
    def report(self) -> Path:
        return self.folder.parent / "report"

    def command(self, *argv, **more):
        allowed = {"read": (self.declared,), "write": (self.output,), **more}
        return sealed_command([str(each) for each in argv], Allowed(**allowed), self.report)

    def run(self, *argv, environ=None, **more):
        """Run a command sealed; return it when it ended."""
        return subprocess.run(
            self.command(*argv, **more),
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": "", **(environ or {})},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def python(self, code, *arguments, **more):
        """Run Python code sealed; it must succeed."""
        program = self.folder.parent / "program.py"
        program.write_text(code)
        more["read"] = (self.declared, program, *more.get("read", ()))
        done = self.run(PYTHON, "-P", program, *arguments, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, kind):
        """Return the names of what was refused."""
        return {each.name for each in self.refusals() if each.kind == kind}

    def refusals(self):
        """Return what was refused, without the folder that an editable install puts on the path."""
        found = read_report(self.report).refusals
        return [each for each in found if each.name != str(ROOT / "src")]


@pytest.fixture
def project(tmp_path):
    made = Project(tmp_path / "project")
    made.output.mkdir(parents=True)
    made.declared.write_text("a,b\n1,2\n3,4\n")
    made.secret.write_text("a,b\n5,6\n7,8\n")
    return made


# Each prints a value if the file can be read, and the kind of the error otherwise.
TRIED = """
import sys
def attempt(read):
    try:
        print("read", read())
    except Exception as error:
        print("refused", type(error).__name__)
"""
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


@pytest.fixture
def servers():
    found = listening.start()
    yield found
    found.close()


CONNECTS = f"""{TRIED}
import socket
def tcp(host, port): return bool(socket.create_connection((host, port), 5))
def udp(host, port):
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (host, port))
"""


@needs_own_network
def test_no_server_of_this_machine_is_reached(project, servers):
    """The port on the loopback is that of a different network; it is named since it exists."""
    tcp, udp = servers.ports
    code = f"""{CONNECTS}
attempt(lambda: tcp('127.0.0.1', {tcp}))
attempt(lambda: tcp('localhost', 1))
attempt(lambda: udp('127.0.0.1', {udp}))
"""
    said = project.python(code)

    assert said.startswith("refused ConnectionRefusedError\nrefused ConnectionRefusedError\n")
    assert servers.visits() == 0
    assert project.refused("connect") == {f"tcp 127.0.0.1:{tcp}", f"udp 127.0.0.1:{udp}"}


@needs_own_network
@pytest.mark.parametrize(
    ("host", "shown"), [("192.0.2.77", "192.0.2.77"), ("fd00::7", "[fd00::7]")]
)
def test_no_address_outside_is_reached(project, host, shown):
    """Addresses of documentation and of nobody."""
    said = project.python(f"{CONNECTS}\nattempt(lambda: tcp({host!r}, 80))")

    assert said == "refused OSError\n"
    assert project.refused("connect") == {f"tcp {shown}:80"}


@needs_own_network
def test_sockets_of_services_are_not_reached(project, tmp_path):
    """A container engine listens at a file, a desktop at a name without one."""
    path, name = tmp_path / "engine.sock", f"desktop-{os.getpid()}"
    code = f"""{TRIED}
import socket
attempt(lambda: socket.socket(socket.AF_UNIX).connect({str(path)!r}))
attempt(lambda: socket.socket(socket.AF_UNIX).connect("\\0{name}"))
"""
    with socket.socket(socket.AF_UNIX) as engine, socket.socket(socket.AF_UNIX) as desktop:
        engine.bind(str(path))
        desktop.bind(f"\0{name}")
        engine.listen()
        desktop.listen()
        said = project.python(code)

    assert said == "refused PermissionError\nrefused ConnectionRefusedError\n"
    assert project.refused("connect") == {f"local {path}", f"local @{name}"}


POOLS = """
import multiprocessing, socket, sys, threading
from multiprocessing.managers import SyncManager
from joblib import Parallel, delayed
import numpy
def total(values): return float(values.sum())
if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: server.accept()[0].sendall(b"hello")).start()
        print(socket.create_connection(server.getsockname()).recv(5))
    for address in (None, ("127.0.0.1", 0)):
        with SyncManager(address, authkey=b"x") as manager:
            shared = manager.list([1, 2]); shared.append(3); print(list(shared))
    with multiprocessing.get_context("forkserver").Pool(2) as pool: print(pool.map(abs, [-1, -2]))
    values = numpy.ones(500_000)
    print(Parallel(n_jobs=2, max_nbytes=1000)(delayed(total)(values) for _ in range(3)))
    from multiprocessing import shared_memory
    block = shared_memory.SharedMemory(create=True, size=10); block.close(); block.unlink()
    print(multiprocessing.Lock().acquire())
"""


@needs_own_network
def test_pools_managers_and_shared_memory_work(project):
    """Within the seal there is a loopback, shared memory and a temporary folder."""
    said = project.python(POOLS).splitlines()

    assert said == [
        "b'hello'", "[1, 2, 3]", "[1, 2, 3]", "[1, 2]", "[500000.0, 500000.0, 500000.0]", "True",
    ]  # fmt: skip
    assert {each.kind for each in project.refusals()} <= {"list", "execute"}


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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGSEGV, signal.SIGKILL, signal.SIGPIPE])
def test_a_command_that_a_signal_ended_ends_so(project, number):
    """As the caller would have seen it without a seal; Python's own handlers are not inherited."""
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
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_the_command(project, number):
    """Its own handler decides what comes of it, and runs once."""
    running, process = started(project, "handle")
    running.send_signal(number)
    said, _ = running.communicate(timeout=60)

    assert said == f"stopped by {int(number)}\n"
    assert running.returncode == 5
    assert gone(process)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_no_child_is_left(project, number):
    """Not even where the one who stands for it is killed."""
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
