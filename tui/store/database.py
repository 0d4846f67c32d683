"""conversations.db as such: opening it, connections for any thread, and SQLite's errors in sentences.

Where nothing can be written, what is there can be read.

Knows nothing of what is in the tables. A connection is lent for one read or one transaction and is nobody's in
between, so no thread holds a snapshot or a lock while it waits for something else.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tui import __version__
from tui.store import recovery, schema
from tui.store.errors import Locked, NotThere, NotWritable, StoreError
from tui.store.files import locked, private_dir, why_endless
from tui.store.network import network_file_system
from tui.store.raw_pages import PAGE_SIZE

BUSY_S = 5.0
_IDLE = 4  # connections kept for the next caller


class _Connection(sqlite3.Connection):
    """A connection that knows which file it was opened with, and whether only to read it this once."""

    file: tuple[int, int] = (0, 0)
    reads_once: bool = False


class Database:
    """The database in `path`, made where there is none, recovered where it is damaged.

    Args:
        path: The file.

    Attributes:
        notices: What the user should know of how it was opened.

    Raises:
        StoreError: It cannot be opened, or was made by a newer ovchat.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notices: tuple[str, ...] = ()
        self._generation = 0
        self._latest = (0, 0)
        self._idle: list[_Connection] = []
        self._lock = threading.Lock()
        self._closed = False
        kind = network_file_system(path.parent)
        self._journal = "delete" if kind else "wal"
        if kind:
            self.notices += (f"{path} is on a network file system ({kind}): writing is slower there.",)
        with self.read():
            pass

    @property
    def generation(self) -> int:
        """Another number where the file was deleted, replaced or recovered meanwhile: it may have lost something."""
        found = self._file()
        with self._lock:
            self._generation += found != self._latest
            self._latest = found
            return self._generation

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection to read with.

        Raises:
            StoreError: It cannot be read.
        """
        with self._told(), self._lent(self._connection_to_read) as connection:
            yield connection

    @contextmanager
    def write(self, *, synced: bool = True, waits: bool = True) -> Iterator[sqlite3.Connection]:
        """A connection to write with: all of the block is on disk when it is left, or nothing of it.

        Args:
            synced: Wait for the disk, 2 to 80 ms. Else the system has it, which outlives this process, and writes it
                with what is synced next, or by itself; a power failure takes it.
            waits: For another program that writes; else that is an error at once.

        Raises:
            Locked: Another program writes.
            StoreError: It cannot be written.
        """
        with self._told(), self._lent(self._connect) as connection:
            # With a rollback journal, what is not synced could be damaged.
            connection.execute(f"PRAGMA synchronous = {'FULL' if synced or self._journal != 'wal' else 'NORMAL'}")
            connection.execute(f"PRAGMA busy_timeout = {1000 * BUSY_S * waits:.0f}")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"PRAGMA busy_timeout = {1000 * BUSY_S:.0f}")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A full disk has ended the transaction already.
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _lent(self, connect: Callable[[], _Connection]) -> Iterator[_Connection]:
        connection = self._take() or connect()
        try:
            yield connection
        except sqlite3.Error:
            connection.close()
            raise
        except BaseException:
            self._give_back(connection)
            raise
        self._give_back(connection)

    def close(self) -> None:
        """Close every connection; whoever still has one gives it back to be closed."""
        with self._lock:
            self._closed = True
        self._close_idle()

    def _take(self) -> _Connection | None:
        """A connection that nobody has; None where there is none."""
        while True:
            with self._lock:
                if self._closed:
                    raise StoreError(f"{self.path} is closed.")
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if connection.file == self._file():
                return connection
            connection.close()

    def _give_back(self, connection: _Connection) -> None:
        with self._lock:
            if not (self._closed or connection.reads_once) and len(self._idle) < _IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def _file(self) -> tuple[int, int]:
        """Which file has the database's name now: it may have been recovered or replaced by somebody else.

        (0, 0) where none can be looked at: who then opens it anew is told why that fails.
        """
        try:
            found = os.stat(self.path)
        except OSError:
            return 0, 0
        return found.st_dev, found.st_ino

    def _connect(self) -> _Connection:
        with suppress(OSError):  # opening says that
            if why := why_endless(self.path):  # SQLite would wait for a pipe to be written to
                raise StoreError(f"{self.path} cannot be opened: {why}.")
        try:
            return self._open_or_recover()
        except OSError as error:
            raise NotWritable(f"{self.path} cannot be opened: {error.strerror or error}.", _FOLDER) from error

    def _connection_to_read(self) -> _Connection:
        try:
            return self._connect()
        except (sqlite3.Error, NotWritable):
            connection = self._connect_to_read_once()
            if connection is None:
                raise
            return connection

    def _connect_to_read_once(self) -> _Connection | None:
        """A connection where not even the files beside the database can be made; None: it cannot be read either.

        Never kept: somebody else may be able to write, and an immutable one would not notice.
        """
        for how in ("mode=ro", "immutable=1"):
            # SQLite has read the log or cannot; without it the latest would be missing.
            if how != "mode=ro" and any(_has_bytes(f"{self.path}{log}") for log in ("-wal", "-journal")):
                break
            connection = None
            with suppress(sqlite3.Error):
                connection = _new_connection(f"{self.path.absolute().as_uri()}?{how}", uri=True)
                if 0 < schema.format_of(connection) <= schema.FORMAT:
                    connection.reads_once = True
                    schema.let_be_read(connection)
                    return connection
            if connection is not None:
                connection.close()
        return None

    def _open_or_recover(self) -> _Connection:
        if not recovery.suspected(self.path):
            try:
                return self._open()
            except sqlite3.DatabaseError as error:
                if _primary_code(error) not in recovery.DAMAGED:
                    raise
                recovery.suspect(self.path)
        self._close_idle()
        done = recovery.recover(self.path)
        if done:
            self.notices += (done,)
        return self._open()

    def _open(self) -> _Connection:
        private_dir(self.path.parent)
        # SQLite gives its other files the mode of this one. Not `open`: closing a file that is there already would
        # end the locks that other connections of this process have on it.
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        connection = _new_connection(str(self.path))
        try:
            connection.file = self._file()
            connection.execute("PRAGMA foreign_keys = ON")
            # What was deleted is gone from the file, too; recovery relies on it.
            connection.execute("PRAGMA secure_delete = ON")
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: _Connection) -> None:
        found = schema.format_of(connection)
        if found > schema.FORMAT:
            raise StoreError(*_newer(connection, self.path, found))
        journal = connection.execute("PRAGMA journal_mode").fetchone()[0]
        if found == schema.FORMAT and journal == self._journal:
            return
        with locked(self.path):  # Two that begin at once would refuse each other the change of the journal.
            connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")  # of a new one
            connection.execute(f"PRAGMA journal_mode = {self._journal}")
            schema.migrate(connection, __version__)

    def _close_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if _primary_code(error) in recovery.DAMAGED:
                recovery.suspect(self.path)
                self._close_idle()  # The next one to read or write recovers it.
            raise _told(error, self.path) from error


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


def _new_connection(address: str, *, uri: bool = False) -> _Connection:
    return sqlite3.connect(
        address, uri=uri, timeout=BUSY_S, isolation_level=None, check_same_thread=False, factory=_Connection
    )


def _has_bytes(path: str) -> bool:
    try:
        return os.path.getsize(path) > 0
    except OSError:
        return False


def _primary_code(error: sqlite3.Error) -> int:
    # Errors of Python's own have none.
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def _told(error: sqlite3.Error, path: Path) -> StoreError:
    """SQLite's error in a sentence, and what to do about it."""
    match _primary_code(error):
        case sqlite3.SQLITE_FULL:
            return NotWritable(f"There is no space left to write {path}.", _SPACE)
        case sqlite3.SQLITE_READONLY:
            return NotWritable(f"{path} cannot be written: it, its folder or its disk is read-only.", _FOLDER)
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            what = "is a folder" if os.path.isdir(path) else "it, or a file beside it, may not be opened or made"
            return NotWritable(f"{path} cannot be opened: {what}.", _FOLDER)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Locked(
                f"{path} has been locked by another program for {BUSY_S:.0f} seconds.", "Close that program, try again."
            )
        case sqlite3.SQLITE_IOERR:
            return NotWritable(
                f"{path} cannot be read or written (input/output error: {error}).",
                "Look at its disk: it may be full, over a quota, gone or failing.",
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreError(f"{path} is damaged.", "What can be read is recovered at the next attempt.")
        case sqlite3.SQLITE_TOOBIG:
            return StoreError("A text is too long to be stored.", "Shorten it.")
        case sqlite3.SQLITE_CONSTRAINT if error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
            return NotThere(f"{path} does not hold what this belongs to.")
        case sqlite3.SQLITE_CONSTRAINT:
            return StoreError(f"{path} holds this already ({error}).")
    return StoreError(f"{path} cannot be used ({error}).")
