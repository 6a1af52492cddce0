"""The command line: the only layer that prints, prompts and exits.

Commands are imported when they are called, so that ``repro --help`` answers at once, and before
anything imports NumPy the determinism level is fixed.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from repro import __version__
from repro.cli import failures
from repro.cli.cells import plain
from repro.cli.foreign import importing
from repro.core.errors import ExitCode, ReproError

with importing():
    import click

    from repro.cli.lazy import LazyGroup, dashed

if TYPE_CHECKING:
    from types import FrameType

COMMANDS = {
    "init": ("repro.cli.init", "Make a project of a table or a script."),
    "train": ("repro.cli.train", "Train an experiment and keep the evidence in a run folder."),
    "record": ("repro.cli.record", "Run any command, unchanged, and keep the evidence."),
    "verify": ("repro.cli.verify", "Check that a run or reference reproduces on this machine."),
    "compare": (
        "repro.cli.compare",
        "Compare records: the verdict, the first divergent stage, and the likely causes.",
    ),
    "explain": (
        "repro.cli.explain",
        "Find out by training why the bits of a record differ from this machine's.",
    ),
    "noise": (
        "repro.cli.noise",
        "Measure how far the numbers of a run or reference move between processors.",
    ),
    "reference": (
        "repro.cli.reference",
        "Export the record of a run to one file that you can commit or hand over.",
    ),
    "report": (
        "repro.cli.report",
        "Write a run as one self-contained HTML page with pictures.",
    ),
    "export": ("repro.cli.export", "Write a run for a different tool, such as MLflow."),
    "runs": ("repro.cli.runs", "List, show, group and remove runs."),
    "config": ("repro.cli.config", "Show, check and compare configuration."),
    "data": ("repro.cli.data", "List, verify, hash and register data sets."),
    "predict": ("repro.cli.predict", "Predict the rows of a table with the model of a run."),
    "drift": ("repro.cli.drift", "Check new data against the training rows of a run."),
    "sweep": ("repro.cli.sweep", "Train many experiments, overlays and seeds, and show one table."),
    "matrix": (
        "repro.cli.matrix",
        "Train in every cell of a matrix that this machine can run, and compare.",
    ),
    "image": (
        "repro.cli.image",
        "Build the container image of a project, twice to check every bit.",
    ),
    "lint": (
        "repro.cli.lint",
        "Find in Python code what makes results hard to reproduce.",
    ),
    "env": ("repro.cli.env", "Show this environment and its numeric fingerprint."),
    "exec": ("repro.cli.exec", "Run any command in the pinned environment."),
    "doctor": (
        "repro.cli.doctor",
        "List what is not deterministic on this machine, why, and how to fix it.",
    ),
}

EPILOG = """\b
Exit status: 0 reproduces; 1 a finding (does not reproduce, tampered);
2 usage or configuration; 3 something needed is missing.

\b
To begin:
  repro train                 train the default experiment
  repro verify                check the newest run on this machine
"""


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "token_normalize_func": dashed},
)
@click.version_option(__version__, prog_name="repro")
@click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks.")
def cli() -> None:
    """Train a model or run a script, keep the evidence, and let anybody check it."""


def main() -> NoReturn:
    """Run the command line and exit by what it found."""
    from repro.cli.streams import prepare
    from repro.core.garbage import collect_seldom, leave_uncollected

    collect_seldom()
    prepare()
    status = run(sys.argv[1:])
    leave_uncollected()
    sys.exit(status)


def run(arguments: list[str]) -> int:
    """Run ``repro`` with the given arguments and return its exit status."""
    return guarded(cli, arguments, name="repro")


def guarded(command: click.Command, arguments: list[str], *, name: str | None = None) -> int:
    """Run a command; every error becomes a sentence, a next step and an exit status.

    SIGTERM and SIGHUP then end the process as Ctrl-C does.
    """
    received = _heed_signals()
    debug, stdout = "--debug" in arguments, sys.stdout
    try:
        return int(
            command.main(arguments, prog_name=name, standalone_mode=False, color=_colours()) or 0
        )
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _interrupted()
    except SystemExit as error:
        # When the reader of a pipe has gone, as head does, click puts a new stdout in place and
        # ends with 1. That is no finding, and no pass, since nobody read the verdict: 141 is what
        # shells give a program that a closed pipe has ended.
        gone = sys.stdout is not stdout
        return ExitCode.READER_GONE if gone else int(error.code or 0)
    except Exception as error:  # noqa: BLE001 - the last boundary before a person
        # Compiled code, such as pydantic's, gives an interrupt back as an error of its own.
        return _interrupted() if received else _explained(error, debug=debug)


def _explained(error: Exception, *, debug: bool) -> int:
    if debug:
        import traceback

        traceback.print_exception(error)
    try:
        _explain(*failures.explain(error))
    # What has used up the memory, or may load nothing more, has no room for a better sentence.
    except (ImportError, MemoryError):
        os.write(2, b"error: out of memory\n")
    return error.exit_code if isinstance(error, ReproError) else ExitCode.PRECONDITION


def _colours() -> bool | None:
    """Leave colours out where they are not wanted; None lets click have them on a terminal."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def _explain(message: str, advice: str) -> None:
    text = plain(message).replace("\n", "\n       ")
    colours = _colours()
    click.echo(click.style("error: ", fg="red", bold=True) + text, err=True, color=colours)
    if advice:
        click.echo(click.style("  next: ", bold=True) + plain(advice), err=True, color=colours)


def _interrupted() -> int:
    click.echo("interrupted: no partial output was left", err=True)
    return ExitCode.INTERRUPTED


def _heed_signals() -> list[int]:
    """Let signals raise KeyboardInterrupt; return a list that gets those that were received."""
    received: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> NoReturn:
        """Note a signal and raise KeyboardInterrupt."""
        received.append(number)
        if number != signal.SIGINT:
            # Who sends it twice, as `timeout` does, must not cut short what is removed on the way
            # out.
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # What nohup, or a shell for a job in the background, has set to be ignored stays so.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)
    return received
