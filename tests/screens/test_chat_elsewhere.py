"""What happens to the conversations outside the app: another window, the file taken away, a disk that never comes."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.screens.using import OpenChat
from tests.scripted import ScriptedRunner
from tui.screens.conversations import ConversationsScreen
from tui.store.conversations import Conversations
from tui.store.errors import StoreError
from tui.store.records import Change, Ended, Message, Role, new_message_id


async def test_deleted_in_another_window_and_gone_on_with_it_is_back_and_that_is_said(
    opened: OpenChat, tmp_path: Path
) -> None:
    async with opened() as chat:
        await chat.write("question")
        await chat.idle(2)
        assert chat.app.services.outbox.flush(5)
        elsewhere = Conversations.open(tmp_path / "conversations.db")
        elsewhere.delete(chat.session.conversation.id)
        await chat.write("another")
        await chat.idle(4)
        await chat.until(lambda: "“question” was deleted in another window." in chat.notice)
        assert [each.id for each in elsewhere.listing()] == [chat.session.conversation.id]
        elsewhere.close()


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be removed elsewhere")
async def test_the_database_is_removed_and_the_conversation_goes_on_and_is_stored(
    opened: OpenChat, tmp_path: Path
) -> None:
    async with opened() as chat:
        await chat.write("question")
        await chat.idle(2)
        assert chat.app.services.outbox.flush(5)
        for each in tmp_path.glob("conversations.db*"):
            each.unlink()
        await chat.write("another")
        await chat.idle(4)
        await chat.until(lambda: "written there again" in chat.notice)
        assert "not saved" not in chat.status
        id, said = chat.session.conversation.id, chat.texts
    again = Conversations.open(tmp_path / "conversations.db")
    assert [each.text for each in again.messages(id)] == said
    again.close()


async def test_what_was_begun_on_a_disk_that_fails_is_listed_and_opened(opened: OpenChat) -> None:
    def full() -> Conversations:
        raise StoreError("The disk is full.", "Free some space.")

    async with opened(ScriptedRunner(["first answer", "second answer"]), open_store=full, ready=False) as chat:
        await chat.until(lambda: chat.app.services.active.status.model is not None)
        await chat.write("first")
        await chat.idle(2)
        await chat.new_chat()
        await chat.write("second")
        await chat.idle(2)
        await chat.press("ctrl+o")
        panel = await chat.panel(ConversationsScreen)
        assert [each.title for each in panel.rows.items[1:]] == ["second", "first"]
        await chat.press("down", "enter")
        await chat.until(lambda: chat.texts == ["first", "first answer"])


async def test_what_another_window_is_writing_is_shown_as_it_grows_until_it_has_ended(
    opened: OpenChat, tmp_path: Path
) -> None:
    async with opened() as chat:
        await chat.write("question")
        await chat.idle(2)
        id, question = chat.session.conversation.id, chat.session.messages[0]
        assert chat.app.services.outbox.flush(5)
        await chat.new_chat()
        elsewhere = Conversations.open(tmp_path / "conversations.db")
        answer = Message(
            new_message_id(), id, question.id, Role.ASSISTANT, "It grows", time.time(), ended=Ended.WRITING
        )
        elsewhere.save(answer, Change(id, {"head": answer.id}))
        await chat.open_first()
        await chat.until(lambda: "It grows" in chat.shown and "Another ovchat is writing" in chat.notice)
        elsewhere.save(replace(answer, text="It grows and grows"))
        await chat.until(lambda: "It grows and grows" in chat.shown)
        elsewhere.save(replace(answer, text="It grows and grows until here.", ended=Ended.STOP))
        await chat.until(lambda: "until here." in chat.shown and not chat.notice)
        await chat.write("another")
        await chat.idle(4)
        assert chat.texts == ["question", "It grows and grows until here.", "another", "A scripted answer."]
        elsewhere.close()
