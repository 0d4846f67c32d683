"""`ovchat models`: the models that are here."""

from __future__ import annotations

import json

import click

from tui.cli import console, log
from tui.cli.lazy_group import LazyGroup
from tui.cli.options import debug_option
from tui.library.find import find_models

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


# Name -> its line in `ovchat models --help`. The module is tui.cli.models_NAME, the command in it is `command`.
APART: dict[str, str] = {}


class Models(LazyGroup):
    """Commands on models."""

    LAZY = APART
    MODULE = "tui.cli.models_{}"


@click.group("models", cls=Models, invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """The local models: list, show, add, rename, remove.

    Without any of these: list.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, as_json=False, debug=False)


@command.command("list")
@as_json_option
@debug_option
def list_(as_json: bool, debug: bool) -> None:
    """The models that are here, with their names."""
    log.begin(debug)
    found = find_models()
    if as_json:
        listed = [{"name": each.name, "path": str(each.path), "source": str(each.source)} for each in found]
        console.write(json.dumps({"models": listed}, ensure_ascii=False) + "\n")
    else:
        console.write("".join(f"{each.name}\n" for each in found))
