"""The README's pictures: the app with the starter, as it is. `python -m tests.snapshots.readme` draws them anew."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from tests.waiting import wait_until_async
from tui.app import ChatApp
from tui.cli.app import services
from tui.screens.chat import ChatScreen

FOLDER = Path(__file__).parent / "readme"
QUESTIONS = ("What is prefill?", "How do I continue a stopped answer?", "How do I add a model?")


async def draw() -> None:
    """Talk to the starter, and take a picture of the chat and one of the list of conversations."""
    app = ChatApp(services())
    async with app.run_test(size=(100, 30)) as pilot:
        screen = app.screen
        assert isinstance(screen, ChatScreen)
        for count, question in enumerate(QUESTIONS, 1):
            screen.pane.prompt.insert(question)
            await pilot.press("enter")
            await wait_until_async(lambda count=count: len(screen.session.messages) == 2 * count)
            await wait_until_async(lambda: not screen.pane.busy)
        await pilot.pause(1.0)  # until the context is counted
        app.save_screenshot(str(FOLDER / "chat.svg"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ["OVCHAT_HOME"] = home
        asyncio.run(draw())
