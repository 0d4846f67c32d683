"""The command line: which commands there are. A command's module is imported when it runs, not to list it."""

from __future__ import annotations

import difflib
from typing import Any

import click

from tui import __version__
from tui.cli.failures import become_exit_codes
from tui.cli.lazy_group import LazyGroup
from tui.cli.options import debug_option, device_option, model_option
from tui.store import paths
from tui.store.settings import FILE
from tui.terminal import early_keys

# Name -> its line in `ovchat --help`. The module is tui.cli.NAME, the command in it is `command`.
COMMANDS = {
    "ask": "Answer one prompt, streamed to standard output.",
    "chat": "A conversation line by line, without a full screen.",
    "chats": "Stored conversations: show, search, export, import, rename, delete.",
    "devices": "The devices that models can run on, and why one is missing.",
    "keys": "Press a key and see what arrives of it; --list prints all keys.",
    "models": "Models: list, show, add, pull, convert, doctor, rename, remove.",
    "settings": "The settings: list, get, set, reset, path.",
}


class Ovchat(LazyGroup):
    """All commands."""

    LAZY = COMMANDS

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_commands(ctx, formatter)
        with formatter.section("Places"):
            formatter.write_dl(
                [
                    ("settings", str(paths.config_dir() / FILE)),
                    ("conversations", str(paths.conversations_file())),
                    ("models", str(paths.models_dir())),
                    ("logs", str(paths.log_dir())),
                ]
            )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            near = difflib.get_close_matches(name, COMMANDS, 1)
            hint = f"Did you mean {near[0]}?" if near else f"This version has {', '.join(COMMANDS)}."
            ctx.fail(
                f"There is no command {name!r}. {hint} "
                'To ask something: ovchat ask "..."; with a model of your own: ovchat chat -m NAME|DIR'
            )
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        with become_exit_codes():
            return super().invoke(ctx)


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"ovchat {__version__}")
        ctx.exit()


@click.group(
    cls=Ovchat,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="OVCHAT_HOME moves everything under one folder. Nothing is sent anywhere.",
)
@model_option
@device_option
@click.option("--continue", "go_on", is_flag=True, help="Open the last conversation.")
@debug_option
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show it.")
@click.pass_context
def cli(ctx: click.Context, model: str | None, device: str | None, go_on: bool, debug: bool) -> None:
    """Chat with local language models on OpenVINO.

    Without a command: the app.
    """
    if ctx.invoked_subcommand is None:
        with early_keys.kept():
            from tui.cli.app import run

            run(model, device, go_on, debug)
    elif model or device or go_on or debug:
        name = ctx.invoked_subcommand
        ctx.fail(f"Options come after the command: ovchat {name} -m ...")
