"""A group of commands whose modules are imported when a command runs, not to list it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import ClassVar

import click


class LazyGroup(click.Group):
    """A group with commands of its own modules.

    Attributes:
        LAZY: Name -> its line in `--help`. The module is MODULE with the name in it; the command in it is `command`.
        MODULE: `tui.cli.{}`.
    """

    LAZY: ClassVar[Mapping[str, str]] = {}
    MODULE: ClassVar[str] = "tui.cli.{}"

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.commands, *self.LAZY]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.LAZY:
            return super().get_command(ctx, cmd_name)
        command: click.Command = importlib.import_module(self.MODULE.format(cmd_name)).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        here = {name: command.get_short_help_str(limit=100) for name, command in self.commands.items()}
        with formatter.section("Commands"):
            formatter.write_dl([*here.items(), *self.LAZY.items()])
