"""`ovchat keys`: press a key and see what arrives of it; or the table of all keys."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

import click

from tui.cli import console, log
from tui.cli.app import give_terminal_to_textual, needs_terminal
from tui.cli.options import debug_option
from tui.store.settings import load_settings
from tui.store.settings_file import SettingsFile
from tui.terminal.hangup import Ending
from tui.terminal.link import link
from tui.terminal.tmux import asked_tmux

if TYPE_CHECKING:
    from tui.screens.key_table import KeyRow


@click.command("keys")
@click.option("--list", "as_list", is_flag=True, help="Print all keys with what they do and their ids.")
@click.option("--json", "as_json", is_flag=True, help="With --list: print one JSON object.")
@debug_option
def command(as_list: bool, as_json: bool, debug: bool) -> None:
    """Press a key and see what arrives of it; --list prints all keys."""
    if as_json and not as_list:
        raise click.UsageError("--json goes with --list: ovchat keys --list --json")
    if as_list:
        log.begin(debug)
        rows = _rows()
        if as_json:
            console.write_json({"keys": [asdict(row) for row in rows]})
        else:
            console.write_lines(_lines(rows))
        return
    needs_terminal("The key tester needs a terminal.", "Without one: ovchat keys --list prints the keys.")
    log.begin(debug)
    give_terminal_to_textual()
    from tui.screens.key_tester_app import KeyTesterApp

    line = link(*asked_tmux(os.environ))
    app = KeyTesterApp(_rows(), line, SettingsFile(), Ending())
    app.run()
    if app.return_code:
        raise click.exceptions.Exit(app.return_code)


def _rows() -> Sequence[KeyRow]:
    """All of them as the user's settings have them; what those cannot have is not said here but in the app."""
    from tui.app import ChatApp
    from tui.screens.key_table import key_table
    from tui.screens.keymap import remapped, rows_with

    table = key_table(ChatApp)
    return rows_with(table, remapped(table, load_settings().section("keys")).keys)


def _lines(rows: Sequence[KeyRow]) -> list[str]:
    keys, ids = max(len(row.shown) for row in rows), max(len(row.id) for row in rows)
    lines: list[str] = []
    for place, group in groupby(rows, lambda row: row.place):
        lines += ["", place] if lines else [place]
        lines += [f"  {row.shown:{keys}}  {row.id:{ids}}  {row.help}" for row in group]
    return lines
