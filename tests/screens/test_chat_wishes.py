"""What is asked for while the model is being loaded is done when it is there."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.screens.using import Chat, OpenChat
from tests.scripted import ScriptedRunner
from tui.engine.errors import OvchatError
from tui.store.records import Ended


class SlowRunner(ScriptedRunner):
    """Its loads wait until they may go on."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.may_load = threading.Event()
        self.may_load.set()
        super().__init__(*arguments, **named)

    def _drop_model(self) -> None:
        super()._drop_model()
        self.may_load.wait(20)


async def loads_again(chat: Chat, runner: SlowRunner) -> None:
    """A question, whose answer is cut off; then the model is loaded once more, and takes its time."""
    await chat.write("question")
    await chat.idle(2)
    assert chat.session.messages[1].ended is Ended.LENGTH
    runner.may_load.clear()
    chat.app.services.active.use("scripted")
    await chat.until(lambda: "loading" in chat.status)


@pytest.mark.parametrize(("key", "answers"), [("alt+g", 1), ("ctrl+r", 2), ("alt+r", 2)])
async def test_it_waits_for_the_model_and_is_done_then(opened: OpenChat, key: str, answers: int) -> None:
    runner = SlowRunner(["cut off " * 9])
    async with opened(runner, user={"sampling.max_tokens": 6}) as chat:
        await loads_again(chat, runner)
        await chat.press(key)
        await chat.until(lambda: "this is done when it is there" in chat.notice)
        await chat.write("and then?")  # comes after it
        assert "this is done when it is there" in chat.notice
        runner.may_load.set()
        await chat.until(lambda: len(runner.requests) == 3)
        await chat.idle(4)
        assert "and then?" not in [each["content"] for each in runner.requests[1].messages]
        assert chat.session.position(chat.session.messages[1].id)[1] == answers
        await chat.until(lambda: "this is done" not in chat.notice)


async def test_esc_takes_it_back(opened: OpenChat) -> None:
    runner = SlowRunner(["cut off " * 9])
    async with opened(runner, user={"sampling.max_tokens": 6}) as chat:
        await loads_again(chat, runner)
        await chat.press("alt+g")
        await chat.until(lambda: "this is done when it is there" in chat.notice)
        await chat.press("escape")
        await chat.until(lambda: not chat.notice)
        runner.may_load.set()
        await chat.write("and then?")
        await chat.idle(4)
        assert len(runner.requests) == 2


async def test_where_the_model_cannot_be_loaded_it_does_not_wait_for_another_one(opened: OpenChat) -> None:
    runner = SlowRunner(["cut off " * 9])
    async with opened(runner, user={"sampling.max_tokens": 6}) as chat:
        await loads_again(chat, runner)
        await chat.press("ctrl+r")
        await chat.until(lambda: "this is done when it is there" in chat.notice)
        runner.load_error = OvchatError("The weights are cut off.", "Get the model again.")
        runner.may_load.set()
        await chat.until(lambda: "The weights are cut off." in chat.notice)
        runner.load_error = None
        chat.app.services.active.use("scripted")
        await chat.write("and then?")
        await chat.idle(4)
        assert len(runner.requests) == 2


async def test_an_edited_message_stays_in_the_prompt_and_why_is_said(opened: OpenChat) -> None:
    runner = SlowRunner(["cut off " * 9])
    async with opened(runner, user={"sampling.max_tokens": 6}) as chat:
        await loads_again(chat, runner)
        await chat.press("alt+e", "enter")
        await chat.until(lambda: "The model is being loaded. Do it again" in chat.notice)
        assert chat.prompt.text == "question"
        runner.may_load.set()
