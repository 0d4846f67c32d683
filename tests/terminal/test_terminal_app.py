"""What an app for a terminal does where it has none."""

from __future__ import annotations

import pytest
from textual.app import SuspendNotSupported

from tui.terminal.display import TerminalApp
from tui.terminal.link import Link

SETTINGS = {"clipboard": "terminal", "output": "diff", "escape_delay": None, "mouse": "auto", "refresh": None}


async def test_what_cannot_be_given_up_is_not_opened_for_that(monkeypatch: pytest.MonkeyPatch) -> None:
    app = TerminalApp(Link(), SETTINGS)
    async with app.run_test():
        opened: list[float] = []
        monkeypatch.setattr(app._driver, "scrollback", opened.append, raising=False)
        with pytest.raises(SuspendNotSupported):
            await app.show_in_scrollback("text", "the end")
        assert not opened
