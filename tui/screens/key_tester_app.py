"""The key tester by itself, without a conversation or a model: `ovchat keys`."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from tui.screens.key_table import KeyRow
from tui.screens.key_tester import KeyTesterScreen
from tui.screens.themes import DEFAULT, shipped_themes
from tui.terminal import keys
from tui.terminal.display import TerminalApp
from tui.terminal.link import Link

_ENDED_BY = 128  # and the signal's number, as shells have it


class KeyTesterApp(TerminalApp):
    """Shows the tester, and ends with it.

    Args:
        rows: What keys do.
        line: What the terminal is connected with.
        terminal: The settings of the section `terminal`.
    """

    TITLE = "ovchat keys"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, rows: Sequence[KeyRow], line: Link, terminal: Mapping[str, Any]) -> None:
        super().__init__(line, terminal)
        keys.register()
        self._rows = rows
        for theme in shipped_themes():
            self.register_theme(theme)
        self.theme = DEFAULT

    def on_mount(self) -> None:
        for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
            with suppress(NotImplementedError):  # Windows
                loop = asyncio.get_running_loop()
                loop.add_signal_handler(number, partial(self.exit, return_code=_ENDED_BY + number))
        self.push_screen(KeyTesterScreen(self._rows, self.line, self.escape_delay_s), lambda _: self.exit())
