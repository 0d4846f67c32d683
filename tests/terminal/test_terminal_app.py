"""What an app for a terminal does where it has none, and where that is lost."""

from __future__ import annotations

import gc
from types import SimpleNamespace

import pytest
from textual.app import SuspendNotSupported

from tui.terminal.display import TerminalApp
from tui.terminal.ending import EndingApp
from tui.terminal.hangup import HANGUP
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


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning", "error::RuntimeWarning")
async def test_a_signal_that_comes_twice_at_once_ends_it_once() -> None:
    ended: list[int] = []

    class App(EndingApp):
        async def end(self, code: int) -> None:
            ended.append(code)
            await super().end(code)

    ending = SimpleNamespace(code=0, told=None)
    app = App(Link(), SETTINGS, ending)  # type: ignore[arg-type]
    async with app.run_test() as pilot:
        ending.code = HANGUP
        for _ in range(2):  # a shell hands its signal on
            ending.told()
        await pilot.pause()
        gc.collect()
    assert (ended, app.return_code) == ([HANGUP], HANGUP)
