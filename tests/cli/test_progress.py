"""Progress says what is running, on standard error, from the first moment."""

import io
import os

import click
import pytest
from click.testing import CliRunner

from repro.cli import progress
from repro.cli.progress import Progress, Quiet
from repro.launch.restart import GUARD
from repro.training.parallel import Workers


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    return now


def announced(stream):
    """What a stream was told, without times and movements."""
    lines = stream.getvalue().replace("\r", "\n").split("\n")
    return [line.partition(" s  ")[2].rstrip() for line in lines if line.strip()]


class Recorder(Quiet):
    def __init__(self, events):
        self.events = events

    def task_started(self, label, position, total):
        self.events.append(("says", label))


@pytest.mark.parametrize("count", [1, 2, 5, 9])
def test_a_task_is_named_before_it_runs(count):
    """Not when it has ended."""
    events = []
    names = [f"task {number}" for number in range(count)]

    Workers(1, Recorder(events)).map(
        lambda name: events.append(("runs", name)), [(name,) for name in names], names
    )

    assert events == [(what, name) for name in names for what in ("says", "runs")]


@pytest.mark.parametrize("workers", [1, 2])
def test_every_task_is_named_once_in_order(workers):
    """With any number of workers; the results are in the order of the tasks."""
    events = []
    names = [f"task {number}" for number in range(4)]

    found = Workers(workers, Recorder(events)).map(str.upper, [(n,) for n in names], names)

    assert events == [("says", name) for name in names]
    assert found == [name.upper() for name in names]


def test_a_terminal_has_one_line_that_moves(monkeypatch, clock):
    """Every task, and a line of its own for the last stage."""
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)

    shown = Progress()
    shown.preparing("loading the data")
    shown.stage_started("fit", 1, 2)
    shown.task_started("knn", 1, 1)
    shown.stage_started("check", 2, 2)
    shown.finish()

    assert announced(stream) == [
        "importing the libraries",
        "loading the data",
        "[ 1/2] fit",
        "[ 1/2] fit: knn (1/1)",
        "[ 2/2] check",
    ]
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize(("pause", "lines"), [(0.1, 0), (0.9, 3), (1.9, 5), (2.0, 10), (60.0, 10)])
def test_a_log_has_few_lines(monkeypatch, clock, pause, lines):
    """Of the tasks of a stage, one in two seconds."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    shown = Progress()
    shown.stage_started("cross_validate", 1, 2)

    for number in range(10):
        clock[0] += pause
        shown.task_started(f"fold {number}", number + 1, 10)

    assert len(announced(stream)) - 2 == lines


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("verify", "reading the record, to train again from it: importing the libraries"),
        ("train", "importing the libraries"),
        ("other", "importing the libraries"),
    ],
)
def test_a_command_says_at_once_what_it_does(name, first):
    """Before anything is read or imported."""

    @click.command(name)
    def making():
        Progress()

    result = CliRunner().invoke(making, [])

    assert (result.stdout, result.stderr.strip()) == ("", f"0.0 s  {first}")


def test_a_restart_does_not_say_it_twice(monkeypatch):
    """The process that is restarted has the guard in its environment."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setitem(os.environ, GUARD, "portable:1")

    Progress()

    assert stream.getvalue() == ""


def test_a_training_says_everything_that_takes_time(project):
    """The set-up by its parts, every stage, and the writing; nothing on standard output."""
    result = project.repro("train", "wine", "-p", "debug", "-m", "knn")
    quiet = project.repro("verify", "--quiet")

    told = [line.partition(" s  ")[2] for line in result.err.splitlines()]
    assert told[:4] == [
        "importing the libraries",
        "checking the model families",
        "recording the environment",
        "loading the data set wine",
    ]
    assert [line for line in told if line.startswith("[")][:2] == [
        "[ 1/14] split",
        "[ 2/14] derive",
    ]
    assert "writing the run" in told
    assert " s  [" not in result.out
    assert (quiet.status, " s  " in quiet.err) == (0, False), quiet.err
