"""A context that is too small is told before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.screens.using import Chat, OpenChat
from tests.scripted import ScriptedRunner
from tui.screens.dialogs import ConfirmDialog
from tui.screens.overflow import OverflowScreen
from tui.store.conversations import Conversations
from tui.store.records import Ended


async def test_a_message_that_is_asked_about_is_not_lost_by_quitting(opened: OpenChat, tmp_path: Path) -> None:
    async with opened(ScriptedRunner(context_limit=20)) as chat:
        await chat.write("word " * 40)
        await chat.until(lambda: isinstance(chat.app.screen, OverflowScreen))
        await chat.press("ctrl+q")
        await chat.until(lambda: not chat.app.is_running)
    (draft,) = Conversations.open(tmp_path / "conversations.db").unbegun_drafts().values()
    assert draft.startswith("word word")


async def test_a_full_context_is_told_before_sending_with_choices(opened: OpenChat) -> None:
    runner = ScriptedRunner(["short answer"], context_limit=100)
    async with opened(runner) as chat:
        for number in (1, 2):
            await chat.write(f"{number}. " + "word " * 29)
            await chat.idle(2 * number)
        await chat.write("more " * 30)
        await chat.until(lambda: isinstance(chat.app.screen, OverflowScreen))
        assert len(runner.requests) == 2
        await chat.press("escape")
        await chat.until(lambda: chat.prompt.text.startswith("more"))
        await chat.press("enter")
        await chat.until(lambda: isinstance(chat.app.screen, OverflowScreen))
        await chat.press("1")
        await chat.idle(6)
        assert not chat.session.in_context(chat.session.messages[0].id)
        assert not any(message["content"].startswith("1.") for message in runner.requests[-1].messages)


async def two_exchanges(chat: Chat, runner: ScriptedRunner, limit: int) -> None:
    """Two questions of 20 words, answered; then the context holds only `limit` tokens."""
    for number in (1, 2):
        await chat.write(f"{number}. " + "word " * 20)
        await chat.idle(2 * number)
    assert runner.model is not None
    runner.model.context_limit = limit  # type: ignore[misc]


def given(runner: ScriptedRunner) -> str:
    """What the model was given last."""
    return " ".join(message["content"] for message in runner.requests[-1].messages)


async def test_an_edited_message_that_is_too_long_is_told_and_back_means_back_in_the_prompt(opened: OpenChat) -> None:
    runner = ScriptedRunner(["short answer"])
    async with opened(runner) as chat:
        await two_exchanges(chat, runner, 60)
        await chat.press(*"a draft", "alt+e")
        chat.prompt.load("edited " * 30)
        await chat.press("enter")
        await chat.panel(OverflowScreen)
        await chat.press("escape")
        await chat.until(lambda: chat.prompt.text.startswith("edited"))
        assert "Editing" in chat.notice
        assert len(runner.requests) == 2
        assert chat.texts[2].startswith("2.")
        assert all(chat.session.in_context(message.id) for message in chat.session.messages)
        await chat.press("escape")
        assert chat.prompt.text == "a draft"
        await chat.press("alt+e")
        chat.prompt.load("edited " * 30)
        await chat.press("enter")
        await chat.panel(OverflowScreen)
        chat.pane.save_draft()  # as after a pause
        await chat.press("1")
        await chat.until(lambda: len(runner.requests) == 3)
        await chat.idle(4)
        assert chat.app.services.outbox.flush(5)
        assert chat.app.services.outbox.opened().draft(chat.session.conversation.id) == "a draft"
        assert chat.texts[2].startswith("edited")
        assert "1." not in given(runner)
        assert not chat.session.in_context(chat.session.messages[0].id)
        assert chat.prompt.text == "a draft"


async def test_what_begins_a_new_conversation_out_of_a_temporary_one_is_not_stored_either(opened: OpenChat) -> None:
    runner = ScriptedRunner(["short answer"])
    async with opened(runner) as chat:
        await chat.screen.run_action("temporary_chat")
        await chat.until(lambda: chat.session.temporary)
        await two_exchanges(chat, runner, 60)
        before = chat.session
        await chat.write("more " * 30)
        for choice, goes in (("n", False), ("y", True)):
            await chat.panel(OverflowScreen)
            await chat.press("2")
            await chat.panel(ConfirmDialog)
            await chat.press(choice)
            if not goes:
                await chat.until(lambda: chat.prompt.text.startswith("more"))
                assert chat.session is before
                await chat.press("enter")
        await chat.until(lambda: len(runner.requests) == 3)
        await chat.idle(2)
        assert chat.session is not before
        assert given(runner).startswith("more")
        assert chat.app.services.outbox.flush(5)
        assert not chat.app.services.outbox.opened().listing()


async def test_a_new_conversation_has_what_the_one_before_was_given(opened: OpenChat) -> None:
    runner = ScriptedRunner(["short answer"])
    async with opened(runner) as chat:
        chat.session.set_system("You are a pirate.")
        chat.session.set_sampling({"temperature": 1.5})
        chat.session.update(persona="Pirate")
        await two_exchanges(chat, runner, 70)
        before = chat.session
        await chat.write("more " * 30)
        await chat.panel(OverflowScreen)
        await chat.press("2")
        await chat.until(lambda: len(runner.requests) == 3)
        await chat.idle(2)
        assert chat.session is not before
        assert given(runner).startswith("You are a pirate. more")
        assert runner.requests[-1].sampling.temperature == pytest.approx(1.5)
        assert chat.session.conversation.persona == "Pirate"
        assert chat.session.conversation.title.startswith("more")
        assert chat.app.services.outbox.flush(5)
        assert len(chat.app.services.outbox.opened().listing()) == 2


async def test_an_edited_message_can_begin_a_new_conversation(opened: OpenChat) -> None:
    runner = ScriptedRunner(["short answer"])
    async with opened(runner) as chat:
        await two_exchanges(chat, runner, 60)
        before = chat.session
        await chat.press("alt+e")
        chat.prompt.load("edited " * 30)
        await chat.press("enter")
        await chat.panel(OverflowScreen)
        await chat.press("2")
        await chat.until(lambda: len(runner.requests) == 3)
        await chat.idle(2)
        assert chat.session is not before
        assert given(runner).startswith("edited")
        assert len(before.messages) == 4
        chat.app.services.outbox.flush(5)
        assert not chat.app.services.outbox.opened().draft(before.conversation.id)


async def test_an_edit_that_is_asked_about_is_not_lost_by_quitting(opened: OpenChat, tmp_path: Path) -> None:
    runner = ScriptedRunner(["short answer"])
    async with opened(runner) as chat:
        await two_exchanges(chat, runner, 60)
        edited = chat.session.conversation.id
        await chat.press("alt+e")
        chat.prompt.load("edited " * 30)
        await chat.press("enter")
        await chat.panel(OverflowScreen)
        await chat.press("ctrl+q")
        await chat.until(lambda: not chat.app.is_running)
    assert Conversations.open(tmp_path / "conversations.db").draft(edited).startswith("edited")


@pytest.mark.parametrize("key", ["ctrl+r", "alt+g"])
async def test_another_answer_or_more_of_one_is_asked_about_where_the_context_is_full(
    opened: OpenChat, key: str
) -> None:
    runner = ScriptedRunner(["short answer", "cut off " * 3, "more"])
    async with opened(runner, user={"sampling.max_tokens": 6}) as chat:
        await two_exchanges(chat, runner, 55)
        assert chat.session.messages[3].ended is Ended.LENGTH
        await chat.press(key)
        await chat.panel(OverflowScreen)
        assert "new conversation" not in chat.shown
        await chat.press("escape")
        await chat.until(lambda: not chat.pane.busy)
        assert len(runner.requests) == 2
        assert all(chat.session.in_context(message.id) for message in chat.session.messages)
        await chat.press(key)
        await chat.panel(OverflowScreen)
        await chat.press("1")
        await chat.until(lambda: len(runner.requests) == 3)
        await chat.idle(4)
        assert "1." not in given(runner)
        assert not chat.session.in_context(chat.session.messages[0].id)
        assert chat.texts[3].endswith("more")
