"""What was typed and not sent. Each process has its own drafts, and takes over what those that are gone have left."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from tui.store import rows, schema, writers
from tui.store.database import Database
from tui.store.errors import NotWritable

_WRITERS_SINCE = 3  # the format
_Key = tuple[str, str]  # the conversation, the writer


def read(database: Database, id: str) -> str:
    """The draft of a conversation: of this process; where it has none, of those that are gone.

    Raises:
        StoreError: It cannot be read.
    """
    found = _select(database, "WHERE conversation = ?", id)
    own = found.get((id, writers.this_process()))
    return own if own is not None else _take_over(database, found).get(id, "")


def unbegun(database: Database, known: Collection[str]) -> dict[str, str]:
    """The drafts of conversations that were never begun, by conversation, the latest last; not what others write.

    Args:
        database: Has them.
        known: Conversations that are looked after already.

    Raises:
        StoreError: They cannot be read.
    """
    found = _select(database, "WHERE conversation NOT IN (SELECT id FROM conversations) ORDER BY rowid")
    return _take_over(database, {key: text for key, text in found.items() if key[0] not in known})


def save(database: Database, id: str, text: str) -> None:
    """Keep a draft of this process; "" forgets it.

    Raises:
        StoreError: It cannot be written.
    """
    with database.write() as connection:
        _save(connection, id, text)


def _select(database: Database, which: str, *values: object) -> dict[_Key, str]:
    with database.read() as connection:
        # Of an earlier format, where nothing can be written.
        writer = "writer" if schema.format_of(connection) >= _WRITERS_SINCE else "''"
        found = connection.execute(f"SELECT conversation, {writer}, text FROM drafts {which}", values)
        return {(id, writer): text for id, writer, text in found}


def _take_over(database: Database, drafts: dict[_Key, str]) -> dict[str, str]:
    """Those that nobody else writes, by conversation; this process writes them now."""
    own = writers.this_process()
    left = {key: text for key, text in drafts.items() if key[1] == own or not writers.alive(key[1], None)}
    if all(writer == own for _, writer in left):
        return _merged(left)  # who only reads waits for nobody who writes
    try:
        with database.write() as connection:
            # Another process may have been here first.
            left = {key: text for key, text in left.items() if _delete(connection, *key)}
            taken = _merged(left)
            for id, text in taken.items():
                _save(connection, id, text)
            return taken
    except NotWritable:
        return _merged(left)


def _merged(drafts: dict[_Key, str]) -> dict[str, str]:
    texts: dict[str, dict[str, None]] = {}
    for (id, _), text in drafts.items():
        texts.setdefault(id, {})[text] = None
    return {id: "\n\n".join(each) for id, each in texts.items()}


def _save(connection: sqlite3.Connection, id: str, text: str) -> None:
    own = writers.this_process()
    if text:
        connection.execute("INSERT OR REPLACE INTO drafts VALUES (?, ?, ?)", (id, own, rows.storable(text)))
    else:
        _delete(connection, id, own)


def _delete(connection: sqlite3.Connection, id: str, writer: str) -> bool:
    done = connection.execute("DELETE FROM drafts WHERE conversation = ? AND writer = ?", (id, writer))
    return done.rowcount > 0
