"""What a far line is spared."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input, TextArea

from tests.chat_app import chat_app, running
from tests.screens.using import Chat
from tui.terminal.display import frame_interval
from tui.terminal.link import Link


@pytest.mark.parametrize("remote", [True, False])
async def test_nothing_blinks_and_nothing_is_animated_at_the_end_of_a_far_line(tmp_path: Path, remote: bool) -> None:
    app = chat_app(tmp_path, line=Link(remote=remote))
    async with running(app) as pilot:
        chat = Chat(app, pilot)
        await chat.ready()
        blinking = []
        for key in ("ctrl+f", "ctrl+p"):
            await chat.press(key)
            await chat.until(lambda: isinstance(app.focused, Input | TextArea) and app.screen is not chat.screen)
            assert isinstance(app.focused, Input | TextArea)
            blinking.append(app.focused.cursor_blink)
            await chat.press("escape")
            await chat.until(lambda: app.screen is chat.screen)
        assert blinking == [not remote] * 2
        assert not chat.prompt.cursor_blink
        assert (app.animation_level == "none") is remote


async def test_the_setting_says_how_often_the_screen_is_drawn(tmp_path: Path) -> None:
    app = chat_app(tmp_path, user={"terminal.refresh": 4}, line=Link(remote=True))
    async with running(app):
        assert frame_interval(app) == 0.25
