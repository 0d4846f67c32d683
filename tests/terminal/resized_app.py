"""An app that says how large it is. Its terminal becomes 70 columns wide, and 60 while the app looks at the 70."""

from __future__ import annotations

import termios
from collections.abc import Iterator

from textual.driver import Driver
from textual.events import Resize
from textual.widgets import Static

from tests.terminal.test_terminal_app import SETTINGS
from tui.terminal.display import TerminalApp
from tui.terminal.driver import TerminalDriver
from tui.terminal.link import Link

ROWS, FIRST, LAST = 20, 70, 60


class _Driver(TerminalDriver):
    def _get_terminal_size(self) -> tuple[int, int]:
        seen = super()._get_terminal_size()
        if seen == (FIRST, ROWS):
            termios.tcsetwinsize(self.fileno, (ROWS, LAST))
        return seen


class _App(TerminalApp):
    def get_driver_class(self) -> type[Driver]:
        return _Driver

    def compose(self) -> Iterator[Static]:
        yield Static()

    def on_mount(self) -> None:
        self.set_timer(0.1, lambda: termios.tcsetwinsize(0, (ROWS, FIRST)))

    def on_resize(self, event: Resize) -> None:
        super().on_resize(event)
        self.query_one(Static).update(f"{event.size.width} columns")


if __name__ == "__main__":
    _App(Link(), SETTINGS).run()
