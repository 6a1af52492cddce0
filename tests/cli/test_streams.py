"""Streams that cannot be written: progress is dropped, the answer and its status stay right."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import ROOT

FULL = "/dev/full"
needs_full = pytest.mark.skipif(not Path(FULL).exists(), reason=f"no {FULL} on this system")


def shell(redirection, *arguments, cwd=ROOT):
    """Run repro through a shell, with streams as given."""
    words = " ".join(f"'{each}'" for each in (sys.executable, "-m", "repro", *arguments))
    return subprocess.run(
        ["sh", "-c", f"{words} {redirection}"], cwd=cwd, capture_output=True, text=True, check=False
    )


@needs_full
@pytest.mark.parametrize("redirection", [f"2>{FULL}", "2>&- <&-"])
@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("config", "show", "wine"), 0),
        (("config", "show", "wne"), 2),
        (("--version",), 0),
        (("bogus",), 2),
        (("runs", "show", "nothing", "--runs", "nowhere"), 3),
    ],
)
def test_a_standard_error_that_is_full_changes_nothing(redirection, arguments, status):
    """What is on standard output, and the exit status."""
    plain = shell("", *arguments)

    lost = shell(redirection, *arguments)

    assert (lost.returncode, lost.stdout) == (status, plain.stdout)
    assert plain.returncode == status


@needs_full
@pytest.mark.parametrize(
    "arguments",
    [
        ("config", "show", "wine"),
        ("config", "show", "wine", "--json"),
        ("--version",),
        ("--help",),
        ("config", "schema"),
    ],
)
def test_a_standard_output_that_is_full_is_no_pass(arguments):
    """An answer that nobody can read is none."""
    lost = shell(f">{FULL}", *arguments)

    assert (lost.returncode, "standard output: No space left" in lost.stderr) == (3, True)


@needs_full
def test_a_training_is_kept_where_no_stream_can_be_written(project):
    """Status 0 with a full standard error, 3 with a full standard output; the run is whole."""
    arguments = ("train", "wine", "-p", "debug", "-m", "knn", "--project", project.path)

    done = shell(f"2>{FULL}", *arguments)
    lost = shell(f">{FULL} 2>{FULL}", *arguments)

    assert (done.returncode, lost.returncode, done.stderr) == (0, 3, "")
    assert len(list((project.path / "runs").glob("*/lineage.json"))) == 2


def test_a_reader_of_standard_error_that_has_gone_changes_nothing():
    """As with 2>&1 to a program that ends early."""
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(
        [sys.executable, "-m", "repro", "config", "show", "wne"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=writing, check=False,
    )  # fmt: skip

    os.close(writing)
    assert (done.returncode, done.stdout) == (2, b"")


def test_no_file_gets_the_number_of_a_closed_stream(tmp_path):
    """What compiled code prints would be written into it."""
    code = (
        "import os; from repro.cli.streams import prepare; prepare();"
        f"data = open({str(tmp_path / 'data')!r}, 'w'); out = open({str(tmp_path / 'o')!r}, 'w');"
        "print(data.fileno() > 2, file=out)"
    )

    subprocess.run(["sh", "-c", f'"{sys.executable}" -c "{code}" <&- >&- 2>&-'], check=True)

    assert (tmp_path / "o").read_text() == "True\n"
