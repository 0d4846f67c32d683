"""The key tester by itself, without a conversation or a model: `ovchat keys`."""

from __future__ import annotations

from collections.abc import Sequence

from tui.screens.key_table import KeyRow
from tui.screens.key_tester import KeyTesterScreen
from tui.screens.looks import Looks
from tui.store.settings_file import SettingsFile
from tui.terminal import keys
from tui.terminal.ending import EndingApp
from tui.terminal.hangup import Ending
from tui.terminal.link import Link


class KeyTesterApp(EndingApp):
    """Shows the tester, and ends with it.

    Args:
        rows: What keys do.
        line: What the terminal is connected with.
        settings: The user's settings.
        ending: Says when it is to end.
    """

    TITLE = "ovchat keys"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, rows: Sequence[KeyRow], line: Link, settings: SettingsFile, ending: Ending) -> None:
        super().__init__(line, settings.settings.section("terminal"), ending)
        keys.register()
        self._rows = rows
        Looks(self, settings, lambda _: None).begin()

    def on_mount(self) -> None:
        self.push_screen(KeyTesterScreen(self._rows, self.line, self.escape_delay_s), lambda _: self.exit())
