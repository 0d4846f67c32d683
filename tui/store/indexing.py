"""The index of a database that comes without one: of an older format, or damaged. Search reads what is not in it yet.

What is written later is indexed as it is written, see schema.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from tui.store.errors import StoreError

if TYPE_CHECKING:
    from tui.store.database import Database

_NOTHING, _EVERYTHING = -(2**63), 2**63 - 1  # up to that message, nothing is in the index
_BATCH = 100_000  # characters, in one transaction: 70 ms in which nobody else can write
_PAUSE = 2  # times as long
_DELAY_S = 5.0  # after the start, when there is more to do; a command has ended by then

logger = logging.getLogger(__name__)


class Indexer:
    """Puts in the index what is not in it yet, in a thread, from the newest message down. End it with `close`.

    Args:
        database: Where the messages are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        # What cannot be written may be of an older format, which has no such table.
        with suppress(StoreError), database.read() as connection:
            if _newest_missing(connection) != _NOTHING:
                self._thread = threading.Thread(target=self._run, name="indexer", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End it, at the latest after the batch under way; what is not done is done next time."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        pause = _DELAY_S
        try:
            while not self._closing.wait(pause):
                began = time.perf_counter()
                with self._database.write() as connection:
                    if not _index_some(connection):
                        return
                pause = _PAUSE * (time.perf_counter() - began)
        except StoreError as error:
            logger.warning("the index is not whole yet: %s", error)


def forget(connection: sqlite3.Connection) -> None:
    """Empty the index; in a transaction of whoever calls, or none.

    Raises:
        sqlite3.Error: It cannot be written.
    """
    connection.execute("INSERT INTO words (words) VALUES ('delete-all')")
    connection.execute("DELETE FROM numbers")
    connection.execute("UPDATE unindexed SET newest = ?", (_EVERYTHING,))


def _index_some(connection: sqlite3.Connection) -> bool:
    """Index the newest messages that are not; False where there are none."""
    newest = _newest_missing(connection)
    if newest == _NOTHING:
        return False
    size, oldest = 0, _NOTHING
    with closing(
        connection.execute("SELECT id, length(text) FROM messages WHERE id <= ? ORDER BY id DESC", (newest,))
    ) as messages:
        for id_, length in messages:
            size += length
            if size >= _BATCH:
                oldest = id_
                break
    connection.execute(
        "INSERT INTO numbers (message) SELECT id FROM messages WHERE id BETWEEN ? AND ? AND ended <> '' ORDER BY id",
        (oldest, newest),
    )
    # FTS5 writes what it has to its disk whenever a number is not the greatest.
    connection.execute(
        "INSERT INTO words (rowid, text) "
        "SELECT number, text FROM indexed WHERE message BETWEEN ? AND ? ORDER BY number",
        (oldest, newest),
    )
    connection.execute("UPDATE unindexed SET newest = ?", (max(oldest - 1, _NOTHING),))
    return True


def _newest_missing(connection: sqlite3.Connection) -> int:
    newest: int = connection.execute("SELECT newest FROM unindexed").fetchone()[0]
    return newest
