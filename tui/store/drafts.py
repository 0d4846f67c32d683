"""What was typed and not sent. Each process has its own drafts, and takes over what those that are gone have left."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from tui.store import rows, schema, writers
from tui.store.database import Database
from tui.store.errors import Locked, NotWritable

_WRITERS_SINCE = 3  # the format
_GONE = "gone"  # behind the name of a process, which then is none that is there
_Key = tuple[str, str]  # the conversation, the writer


class Drafts:
    """The drafts in a database.

    Args:
        database: Has them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        # Read here, and still stored as what processes have left that are gone, since another program was writing.
        self._to_take: dict[str, set[_Key]] = {}

    def read(self, id: str) -> str:
        """The draft of a conversation: of this process; where it has none, of those that are gone.

        Raises:
            StoreError: It cannot be read.
        """
        found = self._select("WHERE conversation = ?", id)
        own = found.get((id, writers.this_process()))
        return own if own is not None else self._take_over(found).get(id, "")

    def unbegun(self, known: Collection[str]) -> dict[str, str]:
        """The drafts of conversations that were never begun, by conversation, the latest last; not what others write.

        Args:
            known: Conversations that are looked after already.

        Raises:
            StoreError: They cannot be read.
        """
        found = self._select("WHERE conversation NOT IN (SELECT id FROM conversations) ORDER BY rowid")
        return self._take_over({key: text for key, text in found.items() if key[0] not in known})

    def save(self, id: str, text: str) -> None:
        """Keep a draft of this process; "" forgets it.

        Raises:
            StoreError: It cannot be written.
        """
        taken = set(self._to_take.get(id, ()))
        with self._database.write() as connection:
            for key in taken:
                _delete(connection, *key)
            _save(connection, id, text)
        if taken:
            self._to_take[id] -= taken

    def give_up(self) -> None:
        """Leave the drafts of this process to others: it goes on, but there is nobody any more who types.

        Raises:
            StoreError: It cannot be written.
        """
        own = writers.this_process()
        with self._database.write() as connection:
            connection.execute("UPDATE OR REPLACE drafts SET writer = ? WHERE writer = ?", (f"{own} {_GONE}", own))

    def _select(self, which: str, *values: object) -> dict[_Key, str]:
        with self._database.read() as connection:
            # Of an earlier format, where nothing can be written.
            writer = "writer" if schema.format_of(connection) >= _WRITERS_SINCE else "''"
            found = connection.execute(f"SELECT conversation, {writer}, text FROM drafts {which}", values)
            return {(id, writer): text for id, writer, text in found}

    def _take_over(self, drafts: dict[_Key, str]) -> dict[str, str]:
        """Those that nobody else writes, by conversation; this process writes them now."""
        own = writers.this_process()
        left = {key: text for key, text in drafts.items() if key[1] == own or not writers.alive(key[1], None)}
        if all(writer == own for _, writer in left):
            return _merged(left)
        try:
            with self._database.write(waits=False) as connection:  # who reads waits for nobody who writes
                # Another process may have been here first.
                left = {key: text for key, text in left.items() if _delete(connection, *key)}
                taken = _merged(left)
                for id, text in taken.items():
                    _save(connection, id, text)
                return taken
        except Locked:
            for id, writer in left:
                self._to_take.setdefault(id, set()).add((id, writer))
        except NotWritable:
            pass
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
