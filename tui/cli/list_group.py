"""A group of commands that lists where none of them is given."""

from __future__ import annotations

import click


class ListGroup(click.Group):
    """A group with a command `list`, whose options may be given without it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in self.get_help_option_names(ctx)):
            args = ["list", *args]
        return super().parse_args(ctx, args)
