"""What is typed and not sent is there again."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests.screens.using import OpenChat
from tests.scripted import ScriptedRunner
from tui.chat.stored import unsaved_conversations
from tui.screens.services import Start
from tui.store.conversations import Conversations
from tui.store.errors import StoreError


async def test_the_draft_is_there_again_after_a_restart(opened: OpenChat, tmp_path: Path) -> None:
    async with opened() as chat:
        chat.prompt.insert("half a thought")
        await chat.press("ctrl+q")
    async with opened(ready=False) as chat:
        await chat.until(lambda: chat.prompt.text == "half a thought")


@pytest.mark.parametrize("sent", [False, True])
async def test_what_is_typed_before_the_draft_is_there_does_not_take_its_place(
    opened: OpenChat, tmp_path: Path, sent: bool
) -> None:
    with closing(Conversations.open(tmp_path / "conversations.db")) as store:
        store.save_draft("", "half a thought")
    may_open = threading.Event()

    def slow() -> Conversations:
        assert may_open.wait(20)
        return Conversations.open(tmp_path / "conversations.db")

    async with opened(open_store=slow, ready=False) as chat:
        await chat.until(lambda: chat.app.services.active.status.model is not None)
        await chat.press(*"typed", *(["enter"] if sent else []))
        await chat.until(lambda: not sent or len(chat.texts) == 2)
        chat.pane.save_draft()  # as after a pause
        may_open.set()
        await chat.until(lambda: chat.app.services.outbox.store is not None)
        if sent:
            await chat.new_chat()
        await chat.until(lambda: chat.prompt.text == ("half a thought" if sent else "half a thought\ntyped"))


@pytest.mark.parametrize("sent", [False, True])
async def test_what_is_typed_before_the_last_conversation_is_there_is_said_in_it(
    opened: OpenChat, tmp_path: Path, sent: bool
) -> None:
    async with opened() as chat:
        await chat.write("question")
        await chat.idle(2)
        await chat.press("ctrl+n")
        await chat.until(lambda: not chat.texts)
        chat.prompt.insert("half a thought")
        await chat.press("ctrl+q")
    may_open = threading.Event()

    def slow() -> Conversations:
        assert may_open.wait(20)
        return Conversations.open(tmp_path / "conversations.db")

    runner = ScriptedRunner(loaded=False, load_s=2.0)
    async with opened(runner, start=Start(go_on=True), open_store=slow, ready=False) as chat:
        await chat.press(*"typed", *(["enter"] if sent else []))
        may_open.set()
        await chat.until(lambda: chat.texts[:1] == ["question"])
        assert chat.prompt.text == ("" if sent else "typed")
        if sent:
            await chat.idle(4)
            assert chat.texts[2] == "typed"
        assert chat.app.services.outbox.flush(5.0)
        await chat.new_chat()
        await chat.until(lambda: chat.prompt.text == "half a thought")


async def test_what_was_sent_is_no_draft_any_more(opened: OpenChat, tmp_path: Path) -> None:
    async with opened() as chat:
        chat.prompt.insert("question")
        chat.pane.save_draft()  # as after a pause in typing
        await chat.press("enter")
        await chat.idle(2)
        await chat.press("ctrl+q")
    store = Conversations.open(tmp_path / "conversations.db")
    assert not store.unbegun_drafts()
    assert store.draft(store.listing()[0].id) == ""


async def test_each_conversation_keeps_its_own_draft(opened: OpenChat) -> None:
    async with opened() as chat:
        await chat.write("question")
        await chat.idle(2)
        chat.prompt.insert("for the first")
        await chat.press("ctrl+n")
        await chat.until(lambda: not chat.session.messages)
        assert chat.prompt.text == ""
        chat.app.services.outbox.flush(5)
        await chat.open_first()
        await chat.until(lambda: len(chat.texts) == 2)
        assert chat.prompt.text == "for the first"


async def test_what_is_typed_in_a_new_chat_stays_when_another_new_chat_is_asked_for_at_once(opened: OpenChat) -> None:
    async with opened() as chat:
        chat.prompt.insert("half a thought")
        before = chat.session
        await chat.press("ctrl+n")
        await chat.pilot.pause()
        await chat.until(lambda: not chat.pane.busy)
        assert chat.prompt.text == "half a thought"
        assert chat.session is before  # it is new already


async def test_an_edit_that_is_not_sent_is_in_the_draft(opened: OpenChat) -> None:
    async with opened() as chat:
        await chat.write("old")
        await chat.idle(2)
        await chat.press("alt+e", *" and new")
        await chat.press("alt+e")
        assert chat.prompt.text == "old and new"
        edited = chat.session.conversation.id
        await chat.press("ctrl+n")
        await chat.until(lambda: chat.session.conversation.id != edited)
        chat.app.services.outbox.flush(5)
        assert chat.app.services.outbox.opened().draft(edited) == "old and new"


async def test_who_quits_in_the_middle_of_an_edit_finds_it_in_the_draft(opened: OpenChat, tmp_path: Path) -> None:
    async with opened() as chat:
        await chat.write("old")
        await chat.idle(2)
        await chat.press(*"mine", "alt+e", *" and new")
        edited = chat.session.conversation.id
        await chat.press("ctrl+q")
        await chat.until(lambda: not chat.app.is_running)
    assert Conversations.open(tmp_path / "conversations.db").draft(edited) == "mine\n\nold and new"


async def test_a_draft_that_could_not_be_saved_comes_back_and_is_rescued(opened: OpenChat) -> None:
    def full() -> Conversations:
        raise StoreError("The disk is full.", "Free some space.")

    async with opened(open_store=full, ready=False) as chat:
        await chat.until(lambda: chat.app.services.outbox.trouble is not None)
        chat.prompt.insert("half a thought")
        chat.pane.save_draft()
        ((conversation, (message,)),) = unsaved_conversations(chat.app.services.outbox)
        assert message.text == "half a thought"
        assert conversation.head == message.id
