"""Errors that no use case foresaw: a sentence, the right status, and no word of a defect."""

import errno
import resource
import signal
import subprocess
import sys

import click
import pydantic_core
import pytest
from tests.conftest import ROOT, command

from repro.cli import guarded
from repro.cli.failures import explain


@pytest.mark.parametrize("name", ["yaml", "click", "pydantic", "random", "json"])
@pytest.mark.parametrize("text", ["x = 1\n", "1 / 0\n"])
def test_a_foreign_module_is_named(tmp_path, name, text):
    """Its file, in place of a package or of the standard library."""
    (tmp_path / f"{name}.py").write_text(text)

    result = command("-m", "repro", "config", "check", "wine", env={"PYTHONPATH": str(tmp_path)})

    assert result.status == 3, result.err
    assert f"the module '{name}' is {tmp_path / name}.py" in result.err
    assert ("Traceback" in result.err, "defect" in result.err) == (False, False)


@pytest.mark.parametrize(
    "arguments", [("config", "show"), ("runs", "list"), ("verify",), ("train",), ("data", "list")]
)
def test_a_deleted_working_folder_is_named(tmp_path, arguments):
    """Not as a standard output."""
    gone = tmp_path / "gone"
    gone.mkdir()
    code = f"import os; os.rmdir({str(gone)!r}); from repro.cli import run; import sys;"
    result = command(
        "-c", f"{code} sys.exit(run({list(arguments)!r}))", cwd=gone,
        env={"PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip

    assert (result.status, "the current folder no longer exists" in result.err) == (3, True)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "out of memory"),
        (MemoryError("Unable to allocate 9.8 GiB"), "out of memory: Unable to allocate 9.8 GiB"),
        (ImportError("x.so: failed to map segment from shared object"), "out of memory"),
        (RecursionError("maximum recursion depth exceeded"), "the input is nested"),
        (RuntimeError("can't start new thread"), "no thread can be started"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "Resource temporarily"),
        (OSError(errno.EMFILE, "Too many open files", "a.json"), "a.json: Too many open files"),
        (OSError("libgomp.so.1: cannot open shared object file"), "libgomp.so.1: cannot open"),
        (type("TerminatedWorkerError", (Exception,), {})("killed"), "a worker process was killed"),
        (ImportError("No module named 'rich'"), "cannot import: No module named 'rich'"),
        (OSError(errno.ENOSPC, "No space left on device"), "standard output: No space left"),
    ],
)
def test_what_the_system_refuses_is_not_a_defect(error, words):
    """The reason, and never 'None'."""
    message, advice = explain(error)

    assert message.startswith(words)
    assert "None" not in message
    assert "defect" not in advice


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("y"), AttributeError("z")])
def test_what_nobody_foresaw_is_a_defect(error):
    """So that it is reported."""
    message, advice = explain(error)

    assert (message.split(":")[0], "defect" in advice) == (
        f"unexpected {type(error).__name__}",
        True,
    )


@pytest.mark.parametrize(
    "kind",
    [pydantic_core.SchemaError, ValueError, RuntimeError, SystemError, AttributeError, OSError],
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_stays_one_whatever_wraps_it(kind, number):
    """As pydantic does while it builds a validator."""

    @click.command()
    def wrapping():
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt as error:
            raise kind("Error building validator: KeyboardInterrupt") from error

    kept = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        assert guarded(wrapping, []) == 130
    finally:
        for each, handler in kept.items():
            signal.signal(each, handler)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of the address space are Linux's")
@pytest.mark.parametrize("megabytes", [200, 400])
def test_too_little_memory_is_a_sentence(megabytes):
    """At any point: NumPy's libraries alone need more than some of these."""
    limit = megabytes * 2**20
    done = subprocess.run(
        [sys.executable, "-m", "repro", "config", "check", "wine"],
        cwd=ROOT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        capture_output=True,
        text=True,
        check=False,
    )

    assert "Traceback" not in done.stderr
    assert "defect" not in done.stderr
    assert done.returncode in {0, 3}
