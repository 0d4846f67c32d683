"""Another conversation is shown while the one before is still being drawn, or taken down."""

from __future__ import annotations

import asyncio

import pytest
from textual.widget import Widget

from tests.screens.using import OpenChat
from tests.scripted import ScriptedRunner
from tui.widgets.first_run import FirstRun
from tui.widgets.message_box import Line
from tui.widgets.user_message import UserMessage


@pytest.mark.parametrize("kind", [FirstRun, UserMessage, Line])
async def test_a_chat_that_is_left_while_something_of_it_is_taken_down_keeps_nothing_from_going_on(
    opened: OpenChat, monkeypatch: pytest.MonkeyPatch, kind: type[Widget]
) -> None:
    going, may_go = asyncio.Event(), asyncio.Event()

    async def take_long(self: Widget) -> None:
        going.set()
        await may_go.wait()

    runner = ScriptedRunner(["answer"])
    runner.go.clear()  # a first word that comes before it is waited for takes no “…” away
    async with opened(runner) as chat:
        if kind is not FirstRun:
            await chat.write("first")
            await chat.until(lambda: "…" in chat.shown)
        monkeypatch.setattr(kind, "on_unmount", take_long, raising=False)
        try:
            # What takes something down: the first message, another conversation, the first word.
            if kind is FirstRun:
                chat.prompt.insert("first")
                chat.prompt.action_send()  # not by the key, nor below: Pilot waits for the widgets
            elif kind is UserMessage:
                chat.screen.action_new_chat()
            else:
                runner.go.set()
            await asyncio.wait_for(going.wait(), 20)
            left = chat.session
            chat.screen.action_new_chat()
            await chat.until(lambda: chat.session is not left)
        finally:
            may_go.set()
            runner.go.set()
        await chat.write("second")
        await chat.idle(2)
        await chat.until(lambda: "second" in chat.shown and "first" not in chat.shown)
