"""The list has what is on disk and what is on its way there, also where it never arrives."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.chat.conftest import Make
from tests.scripted import ScriptedRunner
from tests.waiting import wait_until
from tui.chat.listed import ListedConversations
from tui.chat.outbox import Outbox
from tui.chat.session import ChatSession
from tui.store.conversations import Conversations
from tui.store.errors import NotThere, StoreError
from tui.store.records import Change

FULL = StoreError("The disk is full.", "Make room.")


def titles(listed: ListedConversations, *, archived: bool = False) -> list[str]:
    return [each.title for each in listed.listing(archived=archived)]


def fail(*records: object, **whole: object) -> None:
    raise FULL


def test_what_was_begun_and_changed_since_the_disk_failed_is_listed(
    session: Make, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = ListedConversations(outbox)
    old, pinned = session(), session()
    old.ask("Old").result()
    pinned.ask("Pinned").result()
    assert outbox.flush(5)
    assert titles(listed) == ["Pinned", "Old"]
    with monkeypatch.context() as patch:
        patch.setattr(Conversations, "save", fail)
        new = session()
        new.ask("New").result()
        pinned.update(pinned=True, archived=True)
        old.ask("Again").result()
        listed.save(Change(new.conversation.id, {"title": "Renamed"}))
        wait_until(lambda: outbox.trouble)
        assert titles(listed) == ["Old", "Renamed"]
        assert titles(listed, archived=True) == ["Pinned", "Old", "Renamed"]
        found = listed.conversation(new.conversation.id)
        assert found is not None
        assert found.title == "Renamed"
        with pytest.raises(NotThere, match="not stored"):
            listed.delete(new.conversation.id)
    assert outbox.flush(10)
    assert titles(listed) == [each.title for each in outbox.opened().listing()] == ["Old", "Renamed"]
    listed.delete(new.conversation.id)
    assert titles(listed) == ["Old"]
    listed.restore(new.conversation.id)
    assert titles(listed) == ["Old", "Renamed"]


def test_where_there_is_no_database_what_was_begun_is_listed_and_without_that_the_reason_is_told(
    scripted: Callable[..., ScriptedRunner],
) -> None:
    def fails() -> Conversations:
        raise FULL

    outbox = Outbox(fails)
    listed = ListedConversations(outbox)
    with pytest.raises(StoreError, match="full"):
        listed.listing()
    chat = ChatSession(outbox=outbox, runner=scripted())
    chat.ask("New").result()
    assert titles(listed) == ["New"]
    assert ChatSession.open(outbox, chat.conversation.id).messages == chat.messages
    outbox.close(1.0)
