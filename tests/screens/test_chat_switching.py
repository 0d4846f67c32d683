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
    async with opened(runner) as chat:
        if kind is UserMessage:
            await chat.write("first")
            await chat.idle(2)
        monkeypatch.setattr(kind, "on_unmount", take_long, raising=False)
        if kind is UserMessage:
            chat.screen.action_new_chat()
        else:  # the empty chat shows something that goes with the first message, and an answer “…” until its first word
            asking = asyncio.create_task(chat.write("first"))
        await asyncio.wait_for(going.wait(), 20)
        left = chat.session
        chat.screen.action_new_chat()  # not by the key: Pilot waits for the widgets
        await chat.until(lambda: chat.session is not left)
        may_go.set()
        if kind is not UserMessage:
            await asking
        await chat.write("second")
        await chat.idle(2)
        await chat.until(lambda: "second" in chat.shown and "first" not in chat.shown)
