"""The key tester by itself, without a conversation or a model: `ovchat keys`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tui.screens.key_table import KeyRow
from tui.screens.key_tester import KeyTesterScreen
from tui.screens.themes import DEFAULT, shipped_themes
from tui.terminal import keys
from tui.terminal.ending import EndingApp
from tui.terminal.hangup import Ending
from tui.terminal.link import Link


class KeyTesterApp(EndingApp):
    """Shows the tester, and ends with it.

    Args:
        rows: What keys do.
        line: What the terminal is connected with.
        terminal: The settings of the section `terminal`.
        ending: Says when it is to end.
    """

    TITLE = "ovchat keys"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, rows: Sequence[KeyRow], line: Link, terminal: Mapping[str, Any], ending: Ending) -> None:
        super().__init__(line, terminal, ending)
        keys.register()
        self._rows = rows
        for theme in shipped_themes():
            self.register_theme(theme)
        self.theme = DEFAULT

    def on_mount(self) -> None:
        self.push_screen(KeyTesterScreen(self._rows, self.line, self.escape_delay_s), lambda _: self.exit())
