"""What is put is written by another thread, what belongs together in one piece; where the disk fails, it is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.waiting import wait_until
from tui.chat import outbox as module
from tui.chat.outbox import Outbox
from tui.store.errors import NotThere, StoreError
from tui.store.records import Change, Conversation, Message, Role
from tui.store.saving import Saved

CHAT = Conversation("abc", created=1.0)
FULL = StoreError("The disk is full.", "Make room.")


class FakeStore:
    """A store that remembers what was written, each piece a tuple; it can fail or hang."""

    def __init__(self) -> None:
        self.pieces: list[tuple[Any, ...]] = []
        self.fails: Callable[[Any], bool] = lambda record: False
        self.go = threading.Event()
        self.go.set()
        self.busy = threading.Event()
        self.closed = False
        self.is_lost = False  # what is saved without the whole is not there
        self.generation = 1
        self.notices: tuple[str, ...] = ()
        self.saved = Saved(came_back=False, put_back=False)
        self.wholes: list[Any] = []

    @property
    def written(self) -> list[Any]:
        return [record for piece in self.pieces for record in piece]

    def save(self, *records: Any, whole: Any = None) -> Saved:
        if whole is not None:
            self.wholes.append(whole)
        elif self.is_lost:
            raise NotThere("It is gone.")
        self.busy.set()
        assert self.go.wait(30)
        if any(self.fails(record) for record in records):
            raise FULL
        self.pieces.append(records)
        return self.saved

    drop_message = save

    def save_draft(self, conversation: str, text: str) -> None:
        self.save((conversation, text))

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def outbox(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outbox]:
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.02)
    opened = Outbox(lambda: store)  # type: ignore[arg-type, return-value]
    yield opened
    store.go.set()
    opened.close()


def message(id: int, text: str = "", conversation: str = "abc") -> Message:
    return Message(id, conversation, None, Role.USER, text, 1.0)


def committed(outbox: Outbox, record: Message, seconds: float = 5) -> bool:
    outbox.put(record)
    return outbox.wait(record, seconds)


def test_what_is_put_is_written_in_order(outbox: Outbox, store: FakeStore) -> None:
    outbox.put(CHAT, message(1))
    outbox.put(message(2))
    outbox.drop(3)
    outbox.draft("abc", "typed")
    assert outbox.flush(5)
    assert store.written == [CHAT, message(1), message(2), 3, ("abc", "typed")]


def test_what_is_put_together_is_written_in_one_piece(outbox: Outbox, store: FakeStore) -> None:
    outbox.put(CHAT, message(1), message(2))
    assert outbox.flush(5)
    assert store.pieces == [(CHAT, message(1), message(2))]


def test_while_the_disk_hangs_nobody_waits_and_only_the_latest_version_is_written_after(
    outbox: Outbox, store: FakeStore
) -> None:
    store.go.clear()
    outbox.put(CHAT)
    assert store.busy.wait(5)
    for number in range(1000):
        outbox.put(message(1, f"{number}"))
    assert outbox.unsaved == (CHAT, message(1, "999"))
    assert not outbox.flush(0.05)
    store.go.set()
    assert outbox.flush(5)
    assert store.written == [CHAT, message(1, "999")]


def test_a_disk_that_hangs_is_told_while_it_does(
    outbox: Outbox, store: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_HANGS_SECONDS", 0.02)
    store.go.clear()
    outbox.put(CHAT)
    wait_until(lambda: outbox.trouble is not None)
    assert "waiting" in str(outbox.trouble)
    store.go.set()
    wait_until(lambda: outbox.trouble is None)
    assert outbox.flush(5)


def test_what_waits_of_a_conversation_is_one_piece_with_the_latest_of_each(outbox: Outbox, store: FakeStore) -> None:
    store.go.clear()
    outbox.put(message(9, conversation="other"))
    assert store.busy.wait(5)
    for number in (1, 2, 3):
        outbox.put(Conversation("abc", head=number), message(number))
    store.go.set()
    assert outbox.flush(5)
    assert store.pieces[1:] == [(Conversation("abc", head=3), message(1), message(2), message(3))]


def test_a_new_version_put_while_the_old_one_is_written_is_written_too(outbox: Outbox, store: FakeStore) -> None:
    store.go.clear()
    outbox.put(message(1, "old"))
    assert store.busy.wait(5)
    outbox.put(message(1, "new"))
    store.go.set()
    assert outbox.flush(5)
    assert store.written == [message(1, "old"), message(1, "new")]


def test_a_message_that_is_dropped_is_not_written_after(outbox: Outbox, store: FakeStore) -> None:
    store.go.clear()
    outbox.put(CHAT)
    assert store.busy.wait(5)
    outbox.put(message(1))
    outbox.drop(1)
    store.go.set()
    assert outbox.flush(5)
    assert store.written == [CHAT, 1]


def test_waiting_is_for_the_disk_but_not_for_ever(outbox: Outbox, store: FakeStore) -> None:
    assert committed(outbox, message(1))
    assert store.written == [message(1)]
    store.go.clear()
    assert not committed(outbox, message(2), 0.05)
    store.go.set()
    assert outbox.wait(message(2), 5)


def test_what_fails_is_kept_said_and_tried_until_it_works(outbox: Outbox, store: FakeStore) -> None:
    store.fails = lambda record: True
    assert not committed(outbox, message(1))
    assert outbox.trouble is FULL
    outbox.put(message(2))
    assert not committed(outbox, message(3), 3600)  # not for the next attempt
    assert not outbox.flush(5)
    assert outbox.unsaved == (message(1), message(2), message(3))
    store.fails = lambda record: False
    wait_until(lambda: outbox.trouble is None)
    assert outbox.flush(5)
    assert store.written == [message(1), message(2), message(3)]


def test_what_one_conversation_fails_with_does_not_hold_up_another(outbox: Outbox, store: FakeStore) -> None:
    store.fails = lambda record: record == CHAT
    outbox.put(CHAT)
    outbox.put(message(1))
    outbox.put(message(2, conversation="other"))
    wait_until(lambda: store.written)
    assert not outbox.flush(5)
    assert store.written == [message(2, conversation="other")]
    assert outbox.unsaved == (CHAT, message(1))


def test_a_draft_leaves_the_disk_after_its_words_are_on_it_as_a_message_or_another_draft(
    outbox: Outbox, store: FakeStore
) -> None:
    store.go.clear()
    outbox.draft("", "said")
    assert store.busy.wait(5)
    outbox.draft("other", "moved")
    outbox.put(message(1, "said"))
    outbox.draft("", "")
    outbox.draft("other", "")
    outbox.draft("third", "moved")
    store.go.set()
    assert outbox.flush(5)
    assert store.written == [("", "said"), message(1, "said"), ("third", "moved"), ("", ""), ("other", "")]


def test_a_draft_stays_on_disk_as_long_as_its_words_cannot_be_written_as_a_message(
    outbox: Outbox, store: FakeStore
) -> None:
    outbox.draft("", "said")
    assert outbox.flush(5)
    store.fails = lambda record: isinstance(record, Message)
    outbox.put(message(1, "said"))
    outbox.draft("", "")
    assert not outbox.flush(5)
    assert store.written == [("", "said")]
    store.fails = lambda record: False
    assert outbox.flush(5)
    assert store.written[1:] == [message(1, "said"), ("", "")]


def test_a_store_that_does_not_open_is_tried_again(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.02)
    results: list[Any] = [FULL, OSError("odd"), store]

    def open_store() -> Any:
        result = results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    outbox = Outbox(open_store)
    outbox.put(CHAT)
    with pytest.raises(StoreError):
        outbox.opened()
    wait_until(lambda: outbox.store is not None)
    assert outbox.close()
    assert store.written == [CHAT]
    assert store.closed


def test_an_error_that_nobody_foresaw_does_not_end_the_writing(outbox: Outbox, store: FakeStore) -> None:
    def fails(record: Any) -> bool:
        raise ZeroDivisionError("odd")

    store.fails = fails
    assert not committed(outbox, message(1))
    assert outbox.trouble is not None
    assert "ZeroDivisionError: odd" in outbox.trouble.sentence
    store.fails = lambda record: False
    wait_until(lambda: store.written == [message(1)])


def test_closing_tells_what_stays_unwritten_and_does_not_wait_for_a_disk_that_hangs(store: FakeStore) -> None:
    outbox = Outbox(lambda: store)  # type: ignore[arg-type, return-value]
    store.go.clear()
    outbox.put(CHAT)
    assert store.busy.wait(5)
    assert not outbox.close(0.1)
    assert outbox.unsaved == (CHAT,)
    store.go.set()


def test_changes_of_a_conversation_are_merged_and_only_they_are_written(outbox: Outbox, store: FakeStore) -> None:
    store.go.clear()
    outbox.put(message(9, conversation="other"))
    assert store.busy.wait(5)
    outbox.put(CHAT)
    outbox.put(Change("abc", {"title": "Mine"}))
    outbox.put(Change("second", {"title": "Mine", "pinned": True}))
    outbox.put(Change("second", {"pinned": False, "head": 5}))
    store.go.set()
    assert outbox.flush(5)
    assert store.written[1:] == [
        Conversation("abc", title="Mine", created=1.0),
        Change("second", {"title": "Mine", "pinned": False, "head": 5}),
    ]


def test_what_the_database_has_lost_is_written_with_all_of_its_conversation_and_that_is_said(
    outbox: Outbox, store: FakeStore
) -> None:
    whole = (Conversation("abc", title="Mine"), [message(1), message(2)])
    outbox.put(message(1), whole=lambda: whole)
    assert outbox.flush(5)
    assert (store.wholes, outbox.notices) == ([], ())
    store.is_lost, store.saved = True, Saved(came_back=False, put_back=True)
    outbox.put(message(2), whole=lambda: whole)
    assert outbox.flush(5)
    assert (store.wholes, store.written) == ([whole], [message(1), message(2)])
    (notice,) = outbox.notices
    assert "“Mine” was missing in the database" in notice
    assert outbox.whole("abc") is None  # nobody keeps it when nothing waits


def test_in_another_file_all_of_a_conversation_is_written_once(outbox: Outbox, store: FakeStore) -> None:
    whole = (CHAT, [message(1)])
    for number in (1, 2, 3):
        store.generation = min(number, 2)
        outbox.put(message(number), whole=lambda: whole)
        assert outbox.flush(5)
    assert store.wholes == [whole]


def test_a_change_of_what_is_deleted_for_good_is_given_up_and_a_message_is_not(
    outbox: Outbox, store: FakeStore
) -> None:
    store.is_lost = True
    outbox.put(Change("abc", {"pinned": True}))
    assert outbox.flush(5)
    outbox.put(message(1))
    assert not outbox.flush(5)
    assert outbox.unsaved == (message(1),)


def test_what_came_back_is_said_and_so_is_what_the_store_has_to_say(outbox: Outbox, store: FakeStore) -> None:
    store.notices = ("It was damaged.",)
    store.saved = Saved(came_back=True, put_back=False)
    outbox.put(message(1), whole=lambda: (Conversation("abc", title="Mine"), []))
    assert outbox.flush(5)
    assert [each.partition(" was")[0] for each in outbox.notices] == ["“Mine”", "It"]
    store.notices += ("Again.",)
    assert outbox.notices[2:] == ("Again.",)
