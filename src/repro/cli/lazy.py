"""A group of commands that imports each one when it is called."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from repro.core.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping


def dashed(name: str) -> str:
    """Spell an option as this program does: ``--test_size`` is ``--test-size``."""
    return name.replace("_", "-")


class LazyGroup(click.Group):
    """A group that knows its commands' names and help without importing them.

    Parameters
    ----------
    lazy : mapping of str to (module, help)
        The module has the command under the name ``command``.
    """

    def __init__(
        self,
        *args: Any,
        lazy: Mapping[str, tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the commands in the order in which they were given."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in self._lazy:
            return None
        command: click.Command = import_module(self._lazy[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command, or say which one was probably meant."""
        if args and args[0] not in self._lazy and not args[0].startswith("-"):
            raise click.UsageError(
                f"no such command '{args[0]}'; {did_you_mean(args[0], self._lazy)}", ctx
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self._lazy.items()])
