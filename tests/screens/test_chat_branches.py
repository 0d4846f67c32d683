"""Other answers and other questions: nothing is overwritten, and every version can be reached."""

from __future__ import annotations

import pytest

from tests.screens.using import Chat, OpenChat
from tests.scripted import ScriptedRunner
from tui.store.records import Message, Role


async def test_regenerating_makes_a_version_more_and_both_can_be_reached(opened: OpenChat) -> None:
    async with opened(ScriptedRunner(["first answer", "second answer"])) as chat:
        await chat.write("question")
        await chat.idle(2)
        await chat.press("ctrl+r")
        await chat.until(lambda: chat.texts[1:] == ["second answer"])
        await chat.idle(2)
        await chat.press("alt+left")
        await chat.until(lambda: chat.texts[1] == "first answer")
        await chat.press("alt+right")
        await chat.until(lambda: chat.texts[1] == "second answer")
        seeds = {message.facts.seed for message in _versions(chat)}
        assert len(seeds) == 2


def _versions(chat: Chat) -> list[Message]:
    chat.app.services.outbox.flush(5)
    store = chat.app.services.outbox.opened()
    every = store.messages(chat.session.conversation.id)
    return [message for message in every if message.role is Role.ASSISTANT]


async def test_editing_the_last_message_makes_a_branch_and_esc_gives_the_draft_back(opened: OpenChat) -> None:
    async with opened(ScriptedRunner(["answer to the old", "answer to the new"])) as chat:
        await chat.write("old")
        await chat.idle(2)
        chat.prompt.insert("a draft")
        await chat.press("alt+e")
        assert chat.prompt.text == "old"
        await chat.press("escape")
        assert chat.prompt.text == "a draft"
        await chat.press("alt+e", "ctrl+a", "delete")
        chat.prompt.load("new")
        await chat.press("enter")
        await chat.until(lambda: chat.texts == ["new", "answer to the new"])
        assert chat.prompt.text == "a draft"
        await chat.press("alt+left")
        await chat.until(lambda: chat.texts == ["old", "answer to the old"])


async def test_an_edited_message_that_cannot_be_sent_now_stays_in_the_prompt(opened: OpenChat) -> None:
    runner = ScriptedRunner()
    async with opened(runner) as chat:
        await chat.write("old")
        await chat.idle(2)
        runner.go.clear()
        await chat.press("ctrl+r", "alt+e")
        chat.prompt.load("new")
        await chat.press("enter")
        assert "An answer is being written" in chat.notice
        assert chat.prompt.text == "new"
        runner.go.set()
        await chat.idle(2)
        await chat.press("enter")
        await chat.until(lambda: chat.texts[0] == "new")


@pytest.mark.parametrize("key", ["ctrl+r", "alt+r", "alt+left", "alt+right"])
@pytest.mark.parametrize("steps", [(), ("up",)])
async def test_a_chosen_message_can_be_replaced_by_another_version(
    opened: OpenChat, key: str, steps: tuple[str, ...]
) -> None:
    async with opened(ScriptedRunner(["one", "two", "three"])) as chat:
        await chat.write("question")
        await chat.idle(2)
        await chat.press("ctrl+r")
        await chat.until(lambda: chat.texts[1:] == ["two"])
        await chat.idle(2)
        await chat.press("shift+tab", *steps, key)
        await chat.pilot.pause()
        await chat.idle(2)
        assert chat.app.is_running
