from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.store.talk import Talk
from tests.store.test_durability import DATABASES, check
from tests.waiting import wait_until
from tui.store import indexing, recovery
from tui.store.conversations import Conversations
from tui.store.database import Database
from tui.store.records import Ended


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is to be indexed waits for the test; it is a few messages at a time."""
    monkeypatch.setattr(indexing, "_DELAY_S", 1000.0)
    monkeypatch.setattr(indexing, "_BATCH", 100)


@pytest.fixture
def old(path: Path) -> Iterator[Database]:
    """A database of format 1 with many messages, just opened."""
    path.parent.mkdir()
    shutil.copy(DATABASES / "v1.db", path)
    connection = sqlite3.connect(path)
    (id_,) = connection.execute("SELECT id FROM conversations WHERE title = 'Rivers'").fetchone()
    connection.executemany(
        "INSERT INTO messages VALUES (?, ?, NULL, 'user', 'stop', 1.0, ?, '', '', x'', '{}', NULL, NULL)",
        [(number, id_, f"number {number} of 50, 河流") for number in range(1, 51)],
    )
    connection.commit()
    connection.close()
    database = Database(path)
    yield database
    database.close()


def index_some(database: Database) -> bool:
    with database.write() as connection:
        return indexing._index_some(connection)


@pytest.mark.usefixtures("by_hand")
def test_everything_is_found_while_an_old_database_is_indexed(old: Database, path: Path) -> None:
    store = Conversations(old)
    rounds = 0
    while True:
        for typed in ("number", "f 5", "河"):
            ids = [hit.message_id for hit in store.search(typed)]
            assert [id_ for id_ in ids if id_ < 100] == list(range(1, 51))[::-1]
        assert len(list(store.search("河"))) == 51
        assert [hit.message_id for hit in store.search("37")] == [37]
        check(path)
        if not index_some(old):
            break
        rounds += 1
    assert rounds > 5
    store.close()


@pytest.mark.usefixtures("by_hand")
def test_what_is_changed_while_an_old_database_is_indexed_is_right(old: Database, path: Path) -> None:
    store = Conversations(old)
    messages = {message.id: message for message in store.messages(store.listing()[0].id)}
    for _ in range(4):
        index_some(old)
    indexed = [id_ for (id_,) in rows(old, "SELECT message FROM numbers WHERE message < 100")]
    assert 10 < len(indexed) < 40
    for id_ in (max(indexed), min(indexed), min(indexed) - 1, 1):
        store.save(replace(messages[id_], text=f"changed {id_}"))
    for id_ in (max(indexed) - 1, 2):
        store.drop_message(id_)
    store.save(replace(messages[1], id=60, text="new 60"), replace(messages[1], id=0, text="new 0"))
    writing = replace(messages[1], id=61, text="new 61", ended=Ended.WRITING)
    store.save(writing, replace(messages[5], ended=Ended.WRITING))
    while True:
        check(path)
        assert len(list(store.search("changed"))) == 4
        assert [hit.message_id for hit in store.search("new")] == [61, 60, 0]
        assert len(list(store.search("number"))) == 50 - 4 - 2
        if not index_some(old):
            break
    store.save(replace(writing, ended=Ended.STOP), messages[5])
    assert [hit.message_id for hit in store.search("new")] == [61, 60, 0]
    assert [hit.message_id for hit in store.search('"number 5 "')] == [5]
    check(path)
    store.close()


def rows(database: Database, query: str) -> list[tuple[int, ...]]:
    with database.read() as connection:
        return connection.execute(query).fetchall()


def test_an_old_database_is_indexed_in_the_background(old: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "_DELAY_S", 0.0)
    store = Conversations(old)
    wait_until(lambda: rows(old, "SELECT count(*) FROM numbers") == [(53,)])
    wait_until(lambda: rows(old, "SELECT newest FROM unindexed") == [(indexing._NOTHING,)])
    store.close()


def test_closing_ends_the_indexing_at_once(old: Database) -> None:
    store = Conversations(old)
    began = time.perf_counter()
    store.close()
    assert time.perf_counter() - began < indexing._DELAY_S / 2


def test_a_database_that_is_indexed_has_no_thread_for_it(path: Path, store: Conversations, talk: Talk) -> None:
    talk.say("Hello")
    store.close()
    store = Conversations.open(path)
    assert store._indexer._thread is None
    store.close()


def test_a_damaged_index_is_made_anew(path: Path, talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "_DELAY_S", 0.0)
    ids = [talk.say(f"number {number}").id for number in range(300)]
    talk.store.close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("DELETE FROM words_data WHERE id > 10")
    connection.close()
    recovery.suspect(path)
    store = Conversations.open(path)
    assert store.notices == ()
    assert [hit.message_id for hit in store.search("number 7")][-1] == ids[7]
    wait_until(lambda: rows(store._database, "SELECT newest FROM unindexed") == [(indexing._NOTHING,)])
    store.close()
    check(path)
