"""A command that is forked is, as far as it can see, the command in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from repro.launch import Level
from tests.conftest import ROOT, SERVERS, Result, command, inherited, make_project
from tests.forking.client import POSSIBLE, Servers

pytestmark = pytest.mark.skipif(not POSSIBLE, reason="every command is a process of its own here")
# What differs from process to process by its nature.
OWN = ("environment.json", "lineage.json", "record.json", "report.html", "report.md")
NAMES = ("run_id", "path", "seconds")


@pytest.fixture(scope="module")
def environ():
    return inherited()


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("forking") / "project")


def found(words, environ, changed=None):
    """Return the server of a command, which starts when it is wanted again."""
    line = ["-m", "repro", *words]
    server = SERVERS.find(line, environ, changed) or SERVERS.find(line, environ, changed)
    assert server is not None
    return server


@pytest.fixture
def ways(tmp_path, project):
    """Run a command in both ways; return by way what it gave, and what its process had loaded."""

    def ways(*arguments, cwd=ROOT, changed=None):
        words = [str(part) for part in (*arguments, "--project", project.path)]
        environ = inherited() | (changed or {})
        server = found(words, environ, changed)
        line = {way: ["-m", "tests.forking.loaded", str(tmp_path / way), *words] for way in WAYS}
        forked = Result(*server.run(line["forked"], cwd, environ, 300))
        done = subprocess.run(
            [sys.executable, *line["fresh"]], env=environ, cwd=cwd, check=False,
            capture_output=True, text=True,
        )  # fmt: skip
        fresh = Result(done.returncode, done.stdout, done.stderr)
        loaded = [json.loads((tmp_path / way).read_text()) for way in WAYS]
        return (forked, loaded[0]), (fresh, loaded[1])

    return ways


WAYS = ("forked", "fresh")


def compare(one, other):
    """What a process can see of itself is the same, but for what is drawn."""
    assert one["modules"] == other["modules"]
    assert one["path"] == other["path"]
    assert one["drawn"] != other["drawn"]
    counted = [dict(found["environ"]) for found in (one, other)]
    assert counted[0] == counted[1]
    assert [len(found["argv"]) for found in (one, other)] == [len(one["argv"])] * 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("runs", "list"),
        ("runs", "show", "nothing"),
        ("config", "show", "wine"),
        ("config", "check"),
        ("data", "list"),
        ("train", "wnie"),
        ("drift", "nothing", "nowhere.csv"),
    ],
    ids=" ".join,
)
def test_a_command_is_the_same_in_both_ways(ways, arguments):
    """What it prints, its status, and what its process has loaded."""
    (forked, one), (fresh, other) = ways(*arguments)

    assert forked == fresh
    compare(one, other)


def test_a_training_is_the_same_in_both_ways(ways, project):
    """Every file of the run that is the same whenever it is trained, and its environment."""
    (forked, one), (fresh, other) = ways("train", "wine", "-p", "debug", "-m", "knn", "--json")

    assert (forked.status, fresh.status, forked.err) == (0, 0, fresh.err)
    assert [v for k, v in forked.json.items() if k not in NAMES] == [
        v for k, v in fresh.json.items() if k not in NAMES
    ]
    compare(one, other)
    runs = [Path(project.path, result.json["path"]) for result in (forked, fresh)]
    files = [
        {file.name: file.read_bytes() for file in run.iterdir() if file.name not in OWN}
        for run in runs
    ]
    assert files[0].keys() == files[1].keys()
    assert [name for name, content in files[0].items() if content != files[1][name]] == []
    records = [json.loads((run / "record.json").read_text()) for run in runs]
    for record in records:
        del record["digest"]
    assert records[0] == records[1]
    environments = [json.loads((run / "environment.json").read_text()) for run in runs]
    assert environments[0]["environment"] == environments[1]["environment"]
    assert environments[0]["environment"]["level"] == "portable"


@pytest.mark.parametrize("level", Level)
def test_a_level_is_what_it_is_in_a_process_of_its_own(ways, level):
    """Libraries, threads, code paths and fingerprint, and what was kept out."""
    words = ("env", "show", "--json", "--level", level)
    (forked, one), (fresh, other) = ways(*words, changed={"PYTHONHASHSEED": "0"})

    assert (forked.status, forked.json["level"]) == (0, level)
    assert forked == fresh
    compare(one, other)


def test_files_that_shadow_modules_are_never_run(ways, tmp_path):
    """In neither way, though `python -m` puts the working folder before everything."""
    folder = tmp_path / "shadows"
    folder.mkdir()
    (folder / "tests").symlink_to(ROOT / "tests")
    (folder / "rich.py").write_text("raise SystemExit(77)\n")
    (forked, _), (fresh, _) = ways("runs", "list", cwd=folder)

    assert forked == fresh
    (folder / "click.py").write_text("raise SystemExit(77)\n")
    assert command("-m", "repro", "runs", "list", cwd=folder).status != 77


def test_a_training_stays_a_fork(environ, project):
    """It is not replaced by a fresh process when it takes the level on, as the real one is."""
    server = found(["train"], environ)
    words = ["-m", "repro", "train", "wine", "-p", "debug", "-m", "knn", "--project", project.path]
    results = []
    thread = threading.Thread(
        target=lambda: results.append(server.run([*map(str, words)], ROOT, environ, 300))
    )
    thread.start()
    programs = set()
    while thread.is_alive():
        programs |= set(descendants(server.pid))
        thread.join(0.02)

    assert results[0][0] == 0, results
    # One of Python is named by its first word: the server's own file, or an option.
    assert {word for program, word in programs if program == Path(sys.executable).name} == {
        "server.py"
    }


def descendants(pid):
    """Return the program and the first word of each process that one has started."""
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            words = Path(f"/proc/{child}/cmdline").read_text().split("\0")
            yield Path(words[0]).name, Path([*words, ""][1]).name
            yield from descendants(child)
        except OSError:
            continue


def test_nothing_is_left_for_the_next_command(project):
    """Each begins where the one before it began."""
    first = project.repro("train", "wine", "-p", "debug", "-m", "knn", "--seed", "7", "--json")
    second, third = (
        project.repro("train", "wine", "-p", "debug", "-m", "knn", "--json") for _ in range(2)
    )

    assert first.json["metrics"] != second.json["metrics"]
    assert second.json["metrics"] == third.json["metrics"]


@pytest.fixture
def server(environ):
    return found(["runs"], environ)


def module(folder, text):
    """A module to be run by `-m` in a folder."""
    (folder / "own_module.py").write_text(text)
    return ["-m", "own_module"]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("print('a')", 0),
        ("raise SystemExit(3)", 3),
        ("import os; print('a'); os._exit(5)", 5),
        ("import os; os.write(1, b'a\\r\\n'); os.kill(os.getpid(), 9)", -signal.SIGKILL),
        ("raise KeyboardInterrupt", -signal.SIGINT),
        ("import sys; print(sys.stdout.isatty(), sys.stdin.isatty())", 0),
        ("import os; os.chdir('/'); os.system('echo a'); print('b')", 0),
    ],
)
def test_status_and_streams_are_those_of_a_process(server, environ, tmp_path, text, status):
    """However it ends, and whoever writes."""
    line = module(tmp_path, text)
    done = subprocess.run(
        [sys.executable, *line], env=environ, cwd=tmp_path, check=False,
        capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip

    assert server.run(line, tmp_path, environ, 60)[:2] == (status, done.stdout)
    assert done.returncode == status


def test_a_command_that_takes_too_long_is_ended(server, environ, tmp_path):
    """And the next one is run."""
    line = module(tmp_path, "import os, time; print(os.getpid(), flush=True); time.sleep(600)")
    with pytest.raises(subprocess.TimeoutExpired):
        server.run(line, tmp_path, environ, 0.5)

    assert server.run(module(tmp_path, "print('a')"), tmp_path, environ, 60) == (0, "a\n", "")


def test_commands_run_side_by_side(server, environ, tmp_path):
    """One that waits for the other does not wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "reading.py").write_text("print(open('pipe').read())")
    (tmp_path / "writing.py").write_text("open('pipe', 'w').write('a')")
    found = []
    reader = threading.Thread(
        target=lambda: found.append(server.run(["-m", "reading"], tmp_path, environ, 60))
    )
    reader.start()
    written = server.run(["-m", "writing"], tmp_path, environ, 60)
    reader.join(60)

    assert (written, found) == ((0, "", ""), [(0, "a\n", "")])


def test_a_training_is_the_same_where_the_libraries_are_led(ways, project):
    """By variables that its level lets in: a server of their own has loaded the libraries so."""
    led = {**Level.STRICT.variables, "OPENBLAS_CORETYPE": "Nehalem"}
    words = ("train", "wine", "-p", "debug", "-m", "knn", "--level", "seeded", "--json")
    results = ways(*words, changed=led)

    folders = [Path(project.path, result.json["path"]) for result, _ in results]
    environments = [
        json.loads((run / "environment.json").read_text())["environment"] for run in folders
    ]
    assert environments[0] == environments[1]
    assert [library["architecture"] for library in environments[0]["native"]].count("Nehalem") == 2
    assert (folders[0] / "stages.json").read_bytes() == (folders[1] / "stages.json").read_bytes()


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        (["train"], {"OPENBLAS_L2_SIZE": "512"}),
        (["train", "--level", "strict"], {"OMP_NUM_THREADS": "2"}),
        (["train", "--level=seeded"], {"OMP_NUM_THREADS": "2"}),
        (["train", "--level", "seeded"], {"OMP_NUM_THREADS": "2", "PYTHONHASHSEED": "random"}),
        (["train", "--level", "seeded"], {"LD_PRELOAD": "/a.so", "PYTHONHASHSEED": "0"}),
        (["train"], {"PYTHONPATH": "/a"}),
        (["train"], {"TZ": "Asia/Tokyo"}),
        (["data"], {"OMP_NUM_THREADS": "1"}),
        (["doctor"], None),
        (["exec"], None),
    ],
)
def test_what_a_fork_cannot_be_is_a_fresh_process(monkeypatch, words, changed):
    """A command that overrules its environment, or one to which more changes than its libraries."""
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    environ = inherited() | (changed or {})

    assert [SERVERS.find(["-m", "repro", *words], environ, changed) for _ in range(3)] == [None] * 3


def test_a_server_starts_for_the_second_command_and_the_oldest_ends(environ):
    """Each by the environment in which its libraries are loaded."""
    servers = Servers(most=2)
    line = ["-m", "repro", "train", "--level"]
    levels = (Level.STRICT, Level.PORTABLE, Level.PORTABLE_V2)
    first = [servers.find([*line, level], environ) for level in levels]
    second = [servers.find([*line, level], environ) for level in levels]

    assert first == [None] * 3
    assert [server.pid is None for server in second] == [True, False, False]
    assert servers.find([*line, Level.PORTABLE], environ) is second[1]
    servers.close()
    assert [server.pid for server in second] == [None] * 3
