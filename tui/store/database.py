"""conversations.db as such: opening it, connections for any thread, and SQLite's errors in sentences.

Knows nothing of what is in the tables. A connection is lent for one read or one transaction and is nobody's in
between, so no thread holds a snapshot or a lock while it waits for something else.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tui import __version__
from tui.store import schema
from tui.store.errors import StoreError
from tui.store.files import locked, private_dir, private_opener

BUSY_S = 5.0
_IDLE = 4  # connections kept for the next caller
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class Database:
    """The database in `path`, made where there is none.

    Args:
        path: The file.
        journal: `wal`, or `delete` where the file system is not this machine's.

    Raises:
        StoreError: It cannot be opened, or was made by a newer ovchat.
    """

    def __init__(self, path: Path, journal: str = "wal") -> None:
        self.path = path
        self._journal = journal
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._closed = False
        with self._told():
            self._idle.append(self._connect())

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection to read with.

        Raises:
            StoreError: It cannot be read.
        """
        with self._told():
            connection = self._take()
            try:
                yield connection
            except sqlite3.Error:
                connection.close()
                raise
            except BaseException:
                self._give_back(connection)
                raise
            self._give_back(connection)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A connection to write with: all of the block is on disk when it is left, or nothing of it.

        Raises:
            StoreError: It cannot be written.
        """
        with self.read() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A full disk has ended the transaction already.
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close every connection; whoever still has one gives it back to be closed."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._closed:
                raise StoreError(f"{self.path} is closed.")
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed and len(self._idle) < _IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def _connect(self) -> sqlite3.Connection:
        private_dir(self.path.parent)
        with open(self.path, "ab", opener=private_opener):
            pass  # SQLite gives its other files the mode of this one.
        connection = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        found = schema.format_of(connection)
        if found > schema.FORMAT:
            raise StoreError(*_newer(connection, self.path, found))
        journal = connection.execute("PRAGMA journal_mode").fetchone()[0]
        if found == schema.FORMAT and journal == self._journal:
            return
        with locked(self.path):  # Two that begin at once would refuse each other the change of the journal.
            connection.execute(f"PRAGMA journal_mode = {self._journal}")
            schema.migrate(connection, __version__)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _told(error, self.path) from error
        except OSError as error:
            raise StoreError(f"{self.path} cannot be opened: {error.strerror}.", _FOLDER) from error


_FOLDER = "Make its folder writable, or name another one with OVCHAT_HOME."
_SPACE = "Free some space on its disk; nothing that was saved is lost."


def _newer(connection: sqlite3.Connection, path: Path, found: int) -> tuple[str, str]:
    try:
        version = connection.execute("SELECT value FROM about WHERE key = 'version'").fetchone()[0]
    except (sqlite3.Error, TypeError):
        version = "a newer version"
    return (
        f"{path} was made by ovchat {version} (format {found}); "
        f"this is ovchat {__version__}, which knows up to format {schema.FORMAT}.",
        "Update ovchat: pip install -U ovchat",
    )


def _told(error: sqlite3.Error, path: Path) -> StoreError:
    """SQLite's error in a sentence, and what to do about it."""
    code = getattr(error, "sqlite_errorcode", 0)
    match code & 0xFF:
        case sqlite3.SQLITE_FULL:
            return StoreError(f"There is no space left to write {path}.", _SPACE)
        case sqlite3.SQLITE_READONLY:
            return StoreError(f"{path} cannot be written: it, its folder or its disk is read-only.", _FOLDER)
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            what = "is a folder" if os.path.isdir(path) else "it, or a file beside it, may not be opened or made"
            return StoreError(f"{path} cannot be opened: {what}.", _FOLDER)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreError(
                f"{path} has been locked by another program for {BUSY_S:.0f} seconds.", "Close that program, try again."
            )
        case sqlite3.SQLITE_IOERR:
            return StoreError(
                f"{path} cannot be read or written (input/output error: {error}).",
                "Look at its disk: it may be full, over a quota, gone or failing.",
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreError(f"{path} is damaged.", "It is set aside and recovered when it is opened next.")
        case sqlite3.SQLITE_TOOBIG:
            return StoreError("A text is too long to be stored.", "Shorten it.")
        case sqlite3.SQLITE_CONSTRAINT:
            return StoreError(f"{path} does not hold what this belongs to, or holds it already ({error}).")
    return StoreError(f"{path} cannot be used ({error}).")
