"""``repro exec``."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import sys
from typing import TYPE_CHECKING

import click

from repro.cli import output
from repro.cli.options import LEVELS, debug_option
from repro.core.errors import ExitCode, PreconditionError
from repro.launch import (
    KNOWN,
    Level,
    check_processor,
    is_for_python,
    overruled,
    pinned,
    unwanted,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@click.command(context_settings={"allow_interspersed_args": False})
@click.argument("arguments", metavar="-- COMMAND [ARGS]...", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    default=str(Level.PORTABLE),
    show_default=True,
    help="How much is fixed before the command starts.",
)
@click.option(
    "--print-env",
    "form",
    type=click.Choice(("shell", "docker", "github")),
    help="Print the environment instead: for a shell's eval, an image, or $GITHUB_ENV.",
)
@debug_option
def command(arguments: tuple[str, ...], level: str, form: str | None) -> int:
    """Run any command in the pinned environment.

    The level fixes threads, hash seed and code paths, and keeps out inherited variables that could
    change a result. Signals and the exit status are the command's own. No project is needed.

    \b
    repro exec -- python train.py           the same bits on every x86-64-v3 processor
    repro exec -- train.py                  the same, with the Python that runs repro
    repro exec -- -m package.train          the same for a module
    repro exec -- pytest -q                 tests of numbers that agree everywhere
    repro exec --level strict -- make       one thread, the processor's own code paths
    eval "$(repro exec --print-env shell)"  pin this shell
    repro exec --print-env docker           lines for a Dockerfile
    repro exec --print-env github >> "$GITHUB_ENV"
    """
    chosen = Level(level)
    if form is not None:
        if arguments:
            raise click.UsageError("--print-env runs nothing: leave out the command")
        _print(form, chosen)
        return ExitCode.HOLDS
    if not arguments:
        raise click.UsageError(
            "name a command, after two dashes: repro exec -- python train.py\n"
            "or print the environment: repro exec --print-env shell"
        )
    if not arguments[0]:
        raise click.UsageError("the command's name is empty")
    if is_for_python(arguments[0]):
        arguments = (sys.executable, *arguments)
    check_processor(chosen)
    _warn_of_unknown(sorted(overruled(chosen, os.environ).keys() - KNOWN))
    return _become(arguments, pinned(chosen, os.environ))


def _warn_of_unknown(names: Sequence[str]) -> None:
    if names:
        output.warn(f"not known to repro, can change results, and kept out: {', '.join(names)}")


def _become(arguments: Sequence[str], environ: dict[str, str]) -> int:
    """Turn this process into a command; on Windows, wait for it and return its status.

    Raises
    ------
    PreconditionError
        If it cannot be started.
    """
    try:
        if os.name == "nt":
            from repro.launch.restart import run_child

            program = shutil.which(arguments[0], path=environ.get("PATH")) or arguments[0]
            return run_child([program, *arguments[1:]], environ)
        # Python ignores these two, and a command that inherited that would not end with its pipe.
        for name in ("SIGPIPE", "SIGXFSZ"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_DFL)
        os.execvpe(arguments[0], list(arguments), environ)  # noqa: S606 - no shell is wanted
    except OSError as error:
        raise _refusal(arguments[0], error, environ) from error


def _refusal(name: str, error: OSError, environ: Mapping[str, str]) -> PreconditionError:
    found = shutil.which(name, path=environ.get("PATH"))
    if isinstance(error, FileNotFoundError) and found is None:
        return PreconditionError(
            f"{name}: command not found",
            advice="give its path, or activate its environment; run shell built-ins, such as cd,"
            f" with: repro exec -- sh -c '{name} …'",
        )
    if isinstance(error, FileNotFoundError):
        return PreconditionError(
            f"{name}: the interpreter in its first line was not found",
            advice=f"correct the first line, or name the program: repro exec -- python {name}",
        )
    if os.path.isdir(name):  # noqa: PTH112 - pathlib is not needed otherwise
        return PreconditionError(f"{name}: a folder, not a command", advice="name a program in it")
    if isinstance(error, PermissionError):
        return PreconditionError(
            f"{name}: not executable",
            advice=f"chmod +x {shlex.quote(found or name)}, or name the program that runs it:"
            f" repro exec -- python {shlex.quote(name)}",
        )
    return PreconditionError(
        f"{name}: cannot be run: {error.strerror}",
        advice=f"name the program that runs it: repro exec -- sh {shlex.quote(name)}",
    )


def _print(form: str, level: Level) -> None:
    fixed = [f"{name}={shlex.quote(value)}" for name, value in level.variables.items()]
    if form == "docker":
        # The image is for a different machine; none of this one's variables gets into it.
        if fixed:
            output.say("ENV " + " \\\n    ".join(fixed))
    else:
        check_processor(level)
        out = unwanted(level, os.environ)
        _print_here(form, fixed if form == "shell" else _lines(level), list(out))
    if not fixed:
        output.warn(f"level '{level}' fixes no variable")


def _lines(level: Level) -> list[str]:
    return [f"{name}={value}" for name, value in level.variables.items()]


def _print_here(form: str, fixed: Sequence[str], out: Sequence[str]) -> None:
    # A name that a shell cannot hold can still be inherited, and would be read as a command.
    removable = [name for name in out if form == "shell" and _IDENTIFIER.fullmatch(name)]
    if removable:
        output.say(f"unset {' '.join(removable)}")
    for line in fixed:
        output.say(f"export {line}" if form == "shell" else line)
    left = [name for name in out if name not in removable]
    if left:
        names = output.plain(", ".join(left)).replace("\n", " ")
        output.warn(
            f"{names} can change results and cannot be unset this way: unset where set, or use"
            " repro exec -- COMMAND"
        )
    sys.stdout.flush()
