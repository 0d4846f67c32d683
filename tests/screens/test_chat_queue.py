"""Messages that wait for the answer under way."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.screens.using import Chat, OpenChat
from tests.scripted import Answer, ScriptedRunner
from tui.chat.session import ChatSession
from tui.engine.errors import OvchatError
from tui.engine.generate import GenerationRequest
from tui.screens.conversations import ConversationsScreen
from tui.screens.outgoing import Outgoing, UnderWay
from tui.screens.overflow import OverflowScreen
from tui.store.conversations import Conversations


async def test_a_message_sent_during_an_answer_waits_its_turn_and_can_be_taken_back(opened: OpenChat) -> None:
    runner = ScriptedRunner(["one two three"])
    runner.go.clear()
    async with opened(runner) as chat:
        await chat.write("first")
        await chat.until(lambda: chat.session.turn is not None)
        await chat.write("second")
        await chat.write("third")
        assert chat.queued == ["queued: second", "queued: third"]
        await chat.press("up")
        await chat.pilot.pause()
        assert chat.prompt.text == "third"
        runner.go.set()
        await chat.idle(4)
        assert chat.texts[2] == "second"
        assert chat.prompt.text == "third"


async def test_what_waits_to_be_sent_is_the_draft_of_who_quits(opened: OpenChat, tmp_path: Path) -> None:
    runner = ScriptedRunner()
    runner.go.clear()
    async with opened(runner) as chat:
        await chat.write("first")
        await chat.until(lambda: chat.session.turn is not None)
        await chat.write("second")
        await chat.write("third")
        await chat.press(*"fourth", "ctrl+q")
        await chat.until(lambda: not chat.app.is_running)
    assert len(runner.requests) == 1
    store = Conversations.open(tmp_path / "conversations.db")
    assert store.draft(store.listing()[0].id).split() == ["second", "third", "fourth"]


async def test_several_waiting_messages_are_taken_back_one_after_the_other(opened: OpenChat) -> None:
    runner = ScriptedRunner(["answer"])
    runner.go.clear()
    async with opened(runner) as chat:
        for text in ("first", "second", "third"):
            await chat.write(text)
        await chat.until(lambda: chat.prompt.queued == 2)
        await chat.press("up", "up")
        await chat.pilot.pause()
        assert chat.prompt.text == "second\nthird"
        assert not chat.prompt.queued


async def test_what_is_taken_back_is_no_part_of_an_edit(opened: OpenChat) -> None:
    runner = held_runner()
    async with opened(runner) as chat:
        await chat.write("first")
        await chat.until(lambda: chat.session.turn is not None)
        await chat.write("second")
        await chat.write("third")
        await chat.press("alt+e")
        chat.pane.take_back()  # from the palette
        assert chat.prompt.text == "first"
        chat.prompt.clear()
        await chat.press("up")
        await chat.until(lambda: not chat.queued)
        assert chat.prompt.text == "second\nthird"
        runner.go.set()
        await chat.idle(2)
        await chat.press("enter")
        await chat.idle(4)
        assert chat.texts[2] == "second\nthird"


def texts(session: ChatSession) -> list[str]:
    return [message.text for message in session.messages]


async def leave_with_a_queue(chat: Chat, *queued: str) -> ChatSession:
    """A conversation whose first answer is under way, left with messages that wait."""
    await chat.write("first")
    await chat.until(lambda: chat.session.turn is not None)
    for text in queued:
        await chat.write(text)
    left = chat.session
    await chat.new_chat()
    return left


def failing_runner() -> ScriptedRunner:
    """Fails once, when it may go on; then it answers."""
    answers = [OvchatError("The device is gone."), "an answer"]

    def answer(request: GenerationRequest) -> Answer:
        runner.go.wait(20)
        return answers.pop(0)

    runner = ScriptedRunner(answer)
    runner.go.clear()
    return runner


def held_runner(*answers: str, **values: int) -> ScriptedRunner:
    runner = ScriptedRunner(answers or ["answer"], **values)
    runner.go.clear()
    return runner


async def test_what_waits_in_a_conversation_that_is_left_goes_out_unseen(opened: OpenChat) -> None:
    runner = held_runner("one", "two", "three")
    async with opened(runner) as chat:
        left = await leave_with_a_queue(chat, "second", "third")
        assert not chat.queued
        assert not chat.prompt.text
        runner.go.set()
        await chat.until(lambda: texts(left) == ["first", "one", "second", "two", "third", "three"])
        await chat.until(lambda: left.turn is None)
        assert not chat.session.messages
        chat.app.services.outbox.flush(5)
        assert chat.app.services.outbox.opened().draft(left.conversation.id) == ""


async def test_what_was_not_said_unseen_because_of_somebody_who_ended_that_is_said_later(
    opened: OpenChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    say, ended = Outgoing.go_unseen, []

    async def end_once(self: Outgoing) -> None:
        if not ended:
            ended.append(self)
            raise asyncio.CancelledError
        await say(self)

    monkeypatch.setattr(Outgoing, "go_unseen", end_once)
    runner = held_runner("one", "two")
    async with opened(runner) as chat:
        left = await leave_with_a_queue(chat, "second")
        runner.go.set()
        await chat.until(lambda: texts(left) == ["first", "one", "second", "two"])
        assert ended


async def test_what_waits_is_shown_again_to_who_comes_back_beside_what_was_typed(opened: OpenChat) -> None:
    runner = held_runner()
    async with opened(runner) as chat:
        await chat.write("first")
        await chat.until(lambda: chat.session.turn is not None)
        await chat.write("second")
        await chat.press(*"half a third")
        left = chat.session
        await chat.new_chat()
        await chat.open_first()
        await chat.until(lambda: chat.session is left)
        assert chat.queued == ["queued: second"]
        assert chat.prompt.text == "half a third"
        runner.go.set()
        await chat.idle(4)
        assert chat.prompt.text == "half a third"


async def test_what_waits_unseen_is_stored_as_the_draft_until_it_is_sent(opened: OpenChat) -> None:
    runner = held_runner()
    async with opened(runner) as chat:
        left = await leave_with_a_queue(chat, "second", "third")
        chat.app.services.outbox.flush(5)
        assert chat.app.services.outbox.opened().draft(left.conversation.id) == "second\n\nthird"


async def test_a_full_context_holds_what_waits_unseen_until_somebody_decides(opened: OpenChat) -> None:
    runner = held_runner("short answer", context_limit=100)
    async with opened(runner) as chat:
        left = await leave_with_a_queue(chat, "second " * 35, "third " * 45)
        runner.go.set()
        await chat.until(lambda: len(left.messages) == 4 and left.turn is None)
        await chat.press(*"other", "enter")
        await chat.idle(2)  # other conversations go on meanwhile
        assert len(left.messages) == 4
        await chat.press("ctrl+o")
        await chat.panel(ConversationsScreen)
        await chat.press("down", "enter")
        await chat.until(lambda: chat.session is left)
        await chat.until(lambda: "The context is full. What is queued waits" in chat.notice)
        assert len(chat.queued) == 1
        await chat.press("enter")
        await chat.panel(OverflowScreen)
        await chat.press("1")
        await chat.idle(6)
        assert chat.texts[4].startswith("third")


@pytest.mark.parametrize("seen", [True, False])
async def test_after_an_answer_that_fails_nothing_more_is_sent_before_somebody_says_so(
    opened: OpenChat, seen: bool
) -> None:
    runner = failing_runner()
    async with opened(runner) as chat:
        if seen:
            await chat.write("first")
            await chat.write("second")
            runner.go.set()
        else:
            left = await leave_with_a_queue(chat, "second")
            runner.go.set()
            await chat.until(lambda: left.turn is None)
            await chat.open_first()
        await chat.until(lambda: "The answer before it failed. What is queued waits" in chat.notice)
        assert chat.queued == ["queued: second"]
        assert len(runner.requests) == 1
        await chat.press("enter")
        await chat.idle(4)
        assert chat.texts[2:] == ["second", "an answer"]


async def test_who_comes_back_at_once_after_an_answer_failed_unseen_is_told(
    opened: OpenChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(UnderWay, "tend", lambda self: None)  # it looks four times a second
    runner = failing_runner()
    async with opened(runner) as chat:
        left = await leave_with_a_queue(chat, "second")
        runner.go.set()
        await chat.until(lambda: left.turn is None)
        await chat.open_first()
        await chat.until(lambda: "The answer before it failed. What is queued waits" in chat.notice)
        assert len(runner.requests) == 1


async def test_what_is_held_can_be_taken_back(opened: OpenChat) -> None:
    runner = failing_runner()
    async with opened(runner) as chat:
        await chat.write("first")
        await chat.write("second")
        runner.go.set()
        await chat.until(lambda: "What is queued waits" in chat.notice)
        await chat.press("up")
        await chat.until(lambda: chat.prompt.text == "second")
        assert not chat.queued
        await chat.press("enter")
        await chat.idle(4)


async def test_what_waits_for_the_model_in_a_new_chat_goes_out_where_nobody_looks(opened: OpenChat) -> None:
    async with opened(ScriptedRunner(["answer"])) as chat:
        await chat.write("stored")
        await chat.idle(2)
        await chat.new_chat()
        chat.app.services.active.status = type(chat.app.services.active.status)()  # it is being loaded again
        await chat.write("Are you there?")
        waiting = chat.session
        await chat.press("ctrl+n")
        await chat.pilot.pause()
        assert chat.queued == ["queued: Are you there?"]  # the new chat is this one
        assert chat.session is waiting
        await chat.open_first()
        await chat.until(lambda: chat.session is not waiting)
        chat.app.services.outbox.flush(5)
        assert chat.app.services.outbox.opened().draft(waiting.conversation.id) == "Are you there?"
        chat.app.services.active.use("scripted")
        await chat.until(lambda: texts(waiting) == ["Are you there?", "answer"])
        chat.app.services.outbox.flush(5)
        assert chat.app.services.outbox.opened().draft(waiting.conversation.id) == ""


async def test_another_conversations_model_is_not_asked_for_what_waits_here(opened: OpenChat) -> None:
    runner = held_runner()
    async with opened(runner) as chat:
        left = await leave_with_a_queue(chat, "second")
        chat.app.services.active.use("another")
        runner.go.set()
        await chat.until(lambda: chat.app.services.active.status.model is not None and left.turn is None)
        await chat.write("hello, other one")
        await chat.idle(2)
        assert texts(left)[2:] == []
        await chat.press("ctrl+o")
        await chat.panel(ConversationsScreen)
        await chat.press("down", "enter")
        await chat.until(lambda: chat.session is left)
        await chat.idle(4)
        assert left.messages[3].model == "scripted"


async def test_what_waits_in_a_conversation_that_is_deleted_is_not_sent(opened: OpenChat) -> None:
    runner = held_runner()
    async with opened(runner) as chat:
        left = await leave_with_a_queue(chat, "second")
        chat.app.services.outbox.flush(5)
        await chat.press("ctrl+o")
        panel = await chat.panel(ConversationsScreen)
        await chat.press("alt+d")
        await chat.until(lambda: panel.deleted)
        await chat.press("escape")
        await chat.until(lambda: left.turn is None)
        runner.go.set()
        await chat.write("other")
        await chat.idle(2)
        assert len(runner.requests) == 2


async def test_who_quits_and_stays_finds_what_waits_held(opened: OpenChat) -> None:
    runner = held_runner()
    async with opened(runner) as chat:
        left = await leave_with_a_queue(chat, "second")
        await chat.pane.stop_everything()
        runner.go.set()
        await chat.open_first()
        await chat.until(lambda: chat.session is left and "You were about to quit." in chat.notice)
        assert chat.queued == ["queued: second"]
