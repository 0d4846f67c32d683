"""A conversation that somebody else changes, deletes or takes away with its file, while it is open here."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chat.conftest import Make, texts
from tests.scripted import ScriptedRunner
from tests.waiting import wait_until
from tui.chat.outbox import Outbox
from tui.chat.session import ChatSession
from tui.store.conversations import Conversations
from tui.store.records import Change, Conversation

Scripted = Callable[..., ScriptedRunner]


@pytest.fixture
def elsewhere(path: Path, outbox: Outbox) -> Iterator[Conversations]:
    """The same conversations in another window."""
    outbox.opened()
    store = Conversations.open(path)
    yield store
    store.close()


def stored(store: Conversations, id: str) -> Conversation:
    found = store.conversation(id)
    assert found is not None
    return found


def said(store: Conversations, id: str) -> list[str]:
    """What the branch says that is stored as shown."""
    return [each.text for each in store.branch(stored(store, id).head)]


def test_what_was_changed_elsewhere_stays_when_this_one_goes_on(
    session: Make, outbox: Outbox, elsewhere: Conversations
) -> None:
    chat = session()
    chat.ask("First?").result()
    assert outbox.flush(5)
    id = chat.conversation.id
    elsewhere.save(Change(id, {"title": "Mine", "renamed": True, "pinned": True, "archived": True}))
    chat.ask("Second?").result()
    chat.set_system("Be brief.")
    assert outbox.flush(5)
    now = stored(elsewhere, id)
    assert (now.title, now.renamed, now.pinned, now.archived) == ("Mine", True, True, True)
    assert (now.system, now.head) == ("Be brief.", chat.messages[-1].id)


def test_what_the_user_says_here_is_written_though_it_was_so_here_already(
    session: Make, outbox: Outbox, elsewhere: Conversations
) -> None:
    chat = session()
    chat.ask("First?").result()
    assert outbox.flush(5)
    elsewhere.save(Change(chat.conversation.id, {"pinned": True}))
    chat.update(pinned=False)
    assert outbox.flush(5)
    assert not stored(elsewhere, chat.conversation.id).pinned


def test_gone_on_with_after_it_was_deleted_elsewhere_it_is_back_and_that_is_said_once(
    session: Make, outbox: Outbox, elsewhere: Conversations
) -> None:
    chat = session()
    chat.ask("First?").result()
    assert outbox.flush(5)
    elsewhere.delete(chat.conversation.id)
    for question in ("Second?", "Third?"):
        chat.ask(question).result()
    assert outbox.flush(5)
    assert said(elsewhere, chat.conversation.id) == texts(chat)
    (notice,) = outbox.notices
    assert notice == "“First?” was deleted in another window. It was gone on with here, and is back."


def test_deleted_while_an_answer_is_written_it_stays_deleted(
    session: Make, outbox: Outbox, elsewhere: Conversations
) -> None:
    chat = session("one two three")
    chat.runner.go.clear()  # type: ignore[union-attr]
    turn = chat.ask("First?")
    wait_until(elsewhere.listing)
    elsewhere.delete(chat.conversation.id)
    chat.runner.go.set()  # type: ignore[union-attr]
    turn.result()
    assert outbox.flush(5)
    assert elsewhere.listing() == []
    assert outbox.notices == ()


def test_both_say_something_in_it_and_nothing_is_lost(
    session: Make, outbox: Outbox, elsewhere: Conversations, path: Path, scripted: Scripted
) -> None:
    here = session("Answer here.")
    here.ask("First?").result()
    assert outbox.flush(5)
    other = Outbox(lambda: Conversations.open(path))
    there = ChatSession.open(other, here.conversation.id, runner=scripted("Answer there."))
    for chat, question in ((here, "Here?"), (there, "There?"), (here, "Here again?"), (there, "There again?")):
        chat.ask(question).result()
        assert outbox.flush(5)
        assert other.flush(5)
    assert other.close()
    begun, *rest = elsewhere.messages(here.conversation.id)
    assert [each.parent for each in (begun, *rest)].count(None) == 1
    known = {each.id for each in (begun, *rest)}
    assert all(each.parent in known for each in rest)
    questions = sorted(each.text for each in rest if each.text.endswith("?"))
    assert questions == ["Here again?", "Here?", "There again?", "There?"]
    both = ChatSession.open(outbox, here.conversation.id)
    assert texts(both) == texts(there)
    assert both.move(both.messages[2].id, -1)
    assert texts(both) == texts(here)


def test_an_answer_gone_on_from_elsewhere_that_came_to_nothing_here_is_kept_there(
    session: Make, outbox: Outbox, path: Path, scripted: Scripted
) -> None:
    here = session()
    here.runner.go.clear()  # type: ignore[union-attr]
    turn = here.ask("First?")
    assert outbox.flush(5)
    other = Outbox(lambda: Conversations.open(path))
    there = ChatSession.open(other, here.conversation.id, runner=scripted("Answer there."))
    turn.cancel()
    turn.result()
    assert outbox.flush(5)
    there.ask("There?").result()
    assert other.flush(5)
    assert texts(ChatSession.open(outbox, here.conversation.id)) == ["First?", "", "There?", "Answer there."]
    assert other.close()


def remove(path: Path) -> None:
    for each in path.parent.glob("conversations.db*"):
        each.unlink()


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be removed elsewhere")
def test_the_database_is_removed_and_the_open_conversation_is_written_again(
    session: Make, outbox: Outbox, path: Path
) -> None:
    chat = session("One.", "Other.", "Two.", "Three.")
    chat.ask("First?").result()
    chat.regenerate().result()
    chat.ask("Second?").result()
    chat.update(pinned=True)
    assert outbox.flush(5)
    remove(path)
    chat.ask("Third?").result()
    assert outbox.flush(5)
    assert outbox.trouble is None
    again = ChatSession.open(outbox, chat.conversation.id)
    assert (again.conversation, again.every_message) == (chat.conversation, chat.every_message)
    assert len(outbox.notices) == 1
    assert "written there again" in outbox.notices[0]
    remove(path)
    chat.rename("Mine")
    assert outbox.flush(5)
    again = ChatSession.open(outbox, chat.conversation.id)
    assert (again.conversation.title, again.every_message) == ("Mine", chat.every_message)


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be removed elsewhere")
def test_the_database_is_removed_while_an_answer_is_written(session: Make, outbox: Outbox, path: Path) -> None:
    chat = session("One.", " ".join(["word"] * 30), tokens_per_s=100)
    chat.ask("First?").result()
    turn = chat.ask("Second?")
    wait_until(lambda: "word word" in chat.messages[-1].text)
    remove(path)
    turn.result()
    assert outbox.flush(5)
    assert outbox.trouble is None
    assert ChatSession.open(outbox, chat.conversation.id).messages == chat.messages


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be replaced elsewhere")
def test_an_older_copy_in_the_place_of_the_database_gets_what_it_lacks(
    session: Make, outbox: Outbox, path: Path
) -> None:
    chat = session("One.", "Two.", "Three.")
    chat.ask("First?").result()
    assert outbox.flush(5)
    with outbox.opened()._database.read() as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    older = path.with_name("older.db")
    shutil.copy(path, older)
    question = chat.messages[0]
    chat.regenerate().result()
    assert outbox.flush(5)
    remove(path)
    os.replace(older, path)
    chat.move(chat.messages[1].id, -1)  # to what the copy has
    assert outbox.flush(5)
    again = ChatSession.open(outbox, chat.conversation.id)
    assert again.every_message == chat.every_message
    assert again.position(chat.messages[1].id) == (1, 2)
    assert again.messages[0] == question
