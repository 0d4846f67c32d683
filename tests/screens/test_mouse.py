"""The mouse: whose it is, and the wheel."""

from __future__ import annotations

import pytest

from tests.screens.using import OpenChat
from tests.scripted import ScriptedRunner
from tests.terminal.reading import Reading
from tui.screens.help import HelpScreen
from tui.terminal.display import TerminalApp


async def test_the_wheel_scrolls_the_transcript(opened: OpenChat) -> None:
    async with opened(ScriptedRunner(["a line\n\n" * 100])) as chat:
        await chat.write("go")
        await chat.idle(2)
        await chat.pilot.pause()
        transcript = chat.pane.transcript
        end = transcript.scroll_y
        assert end > 20

        async def turn(button: int) -> float:
            reading = Reading()
            reading.come(f"\x1b[<{button};10;5M")
            for message in reading.messages:
                message.set_sender(chat.app)
                chat.app.post_message(message)
            await chat.pilot.pause()
            return transcript.scroll_y

        up = await turn(64)
        assert up < end
        assert await turn(64) < up
        await chat.until(lambda: chat.prompt.has_focus)
        assert await turn(65) > 0


@pytest.mark.parametrize(
    ("switched", "said"),
    [
        (True, "The mouse is ovchat's now: the wheel scrolls. Alt+M gives it back."),
        (False, "The terminal's own selection works now. Alt+M takes the mouse again."),
        (None, "The mouse stays as it is on this terminal."),
    ],
)
async def test_alt_m_says_whose_it_is(
    opened: OpenChat, monkeypatch: pytest.MonkeyPatch, switched: bool | None, said: str
) -> None:
    monkeypatch.setattr(TerminalApp, "switch_mouse", lambda self: switched)
    async with opened() as chat:
        await chat.press("h", "i", "alt+m")
        assert chat.notice == said
        assert chat.prompt.text == "hi"
        await chat.press("f1")
        await chat.panel(HelpScreen)
        await chat.press("alt+m")
        assert [each.message for each in chat.app._notifications] == [said]
