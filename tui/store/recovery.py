"""A damaged conversations.db: set aside as it is, and what can be read of it put in a new one."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from tui import __version__
from tui.store import indexing, raw_pages, schema
from tui.store.files import locked, private_opener
from tui.store.records import Ended, Role

DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_RECOVERED_TITLE = "Recovered"
_BESIDE = ("-wal", "-shm", "-journal")  # what SQLite keeps beside a database

# As in schema, in this order: what a row of each table looks like. A number may be stored as any other kind of number.
_NUMBER, _MAYBE_NUMBER, _TEXT = (int, float), (int, float, type(None)), (str,)
_SHAPES: dict[str, tuple[tuple[str, tuple[type, ...]], ...]] = {
    "conversations": (
        ("id", _TEXT),
        ("title", _TEXT),
        ("renamed", _NUMBER),
        ("created", _NUMBER),
        ("updated", _NUMBER),
        ("pinned", _NUMBER),
        ("archived", _NUMBER),
        ("model", _TEXT),
        ("system", _TEXT),
        ("sampling", _TEXT),
        ("head", _MAYBE_NUMBER),
        ("context_start", _MAYBE_NUMBER),
        ("deleted", _MAYBE_NUMBER),
        ("persona", _TEXT),
    ),
    "messages": (
        ("id", (type(None),)),  # it is the row id
        ("conversation", _TEXT),
        ("parent", _MAYBE_NUMBER),
        ("role", _TEXT),
        ("ended", _TEXT),
        ("created", _NUMBER),
        ("text", _TEXT),
        # What follows a long text lies in other pages, which may be gone.
        ("reasoning", (str, type(None))),
        ("model", (str, type(None))),
        ("token_ids", (bytes, type(None))),
        ("facts", (str, type(None))),
        ("writer", (str, type(None))),
        ("touched", _MAYBE_NUMBER),
    ),
    "drafts": (("conversation", _TEXT), ("writer", _TEXT), ("text", _TEXT)),
}
# Rows that were written before a table had these columns are without them.
_ADDED: dict[str, tuple[Any, ...]] = {"conversations": ("",)}
_LOST = {"reasoning": "", "model": "", "token_ids": b"", "facts": "{}"}

Rows = dict[Any, dict[str, Any]]


def suspect(path: Path) -> None:
    """Note beside the database that it seems damaged: whoever opens it next looks at all of it."""
    with suppress(OSError), open(_note(path), "ab", opener=private_opener):
        pass


def suspected(path: Path) -> bool:
    """Whether somebody noted that the database seems damaged, or it cannot be one."""
    return _note(path).exists() or path.is_dir() or _emptied(path)


def recover(path: Path) -> str:
    """Look at all of the database; where it is damaged, set it aside and put what can be read in its place.

    Returns:
        What was done, for the user; "" where nothing was.

    Raises:
        OSError: A copy cannot be made; the database is as it was.
        sqlite3.Error: So, too.
    """
    with locked(path):
        if not path.exists() or (not path.is_dir() and not _emptied(path) and _whole(path)):
            # Another process was here first, or it was the disk's mood.
            _note(path).unlink(missing_ok=True)
            return ""
        aside = _aside(path)
        if path.is_dir():
            os.rename(path, aside)
            return f"{path} was a folder. It is kept as {aside}, and a new database was begun."
        for beside in ("", *_BESIDE):
            # The log belongs to the copy, too: without it, the copy has less to recover from.
            with suppress(FileNotFoundError):
                shutil.copy2(f"{path}{beside}", f"{aside}{beside}")
        new = path.with_name(f"{path.name}.recovered")
        new.unlink(missing_ok=True)
        conversations, messages = _build(new, _readable(aside))
        for beside in _BESIDE:
            Path(f"{path}{beside}").unlink(missing_ok=True)
        os.replace(new, path)
        _note(path).unlink(missing_ok=True)
    return (
        f"{path} was damaged. Recovered: {_counted(conversations, 'conversation')}, {_counted(messages, 'message')}. "
        f"The damaged file is kept as {aside}."
    )


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.damaged")


def _aside(path: Path) -> Path:
    stem = f"{path.stem}.damaged-{time.strftime('%Y%m%d-%H%M%S')}"
    names = (f"{stem}{number}{path.suffix}" for number in ("", *(f"-{again}" for again in range(2, 1000))))
    return next(aside for name in names if not (aside := path.with_name(name)).exists())


def _emptied(path: Path) -> bool:
    """Whether the database has lost all its bytes, but not its log, which SQLite would throw away."""
    try:
        return path.stat().st_size == 0 and Path(f"{path}-wal").stat().st_size > 0
    except OSError:
        return False


def _whole(path: Path) -> bool:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        try:
            if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                return False
            try:
                connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                connection.execute("BEGIN IMMEDIATE")
                indexing.forget(connection)
                connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            return False
    return True


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    # "no such table" in a file that was ours comes from a damaged list of tables.
    return error.sqlite_errorcode & 0xFF in DAMAGED | {sqlite3.SQLITE_ERROR}


def _readable(damaged: Path) -> dict[str, Rows]:
    """The rows that can be read, by table and key."""
    found: dict[str, Rows] = {table: {} for table in _SHAPES}
    for row_id, stored in raw_pages.read_rows(damaged):
        for table, shape in _SHAPES.items():
            added = _ADDED.get(table, ())
            values = (*stored, *added) if len(stored) == len(shape) - len(added) else stored
            if len(values) != len(shape) or not all(
                isinstance(value, kinds) for value, (_, kinds) in zip(values, shape, strict=True)
            ):
                continue
            row: dict[str, Any] = {name: value for (name, _), value in zip(shape, values, strict=True)}
            if table == "messages":
                if row["role"] not in list(Role) or row["ended"] not in list(Ended):
                    continue
                row["id"] = row_id
                row.update((name, value) for name, value in _LOST.items() if row[name] is None)
            found[table][row["id"] if "id" in row else (row["conversation"], row["writer"])] = row
            break
    return found


def _build(path: Path, found: dict[str, Rows]) -> tuple[int, int]:
    """A new database of what was found; how many conversations and messages it has."""
    conversations, messages = found["conversations"], found["messages"]
    by_conversation: dict[str, list[int]] = {}
    for id_ in sorted(messages):
        by_conversation.setdefault(messages[id_]["conversation"], []).append(id_)
    for id_, members in by_conversation.items():
        for member in members:
            parent = messages[member]["parent"]
            if parent is not None and (parent not in messages or messages[parent]["conversation"] != id_):
                # Most conversations are a single line: what came before the lost message takes its place.
                before = [each for each in members if each < min(parent, member)]
                messages[member]["parent"] = before[-1] if before else None
        if id_ not in conversations:
            conversations[id_] = _lost_conversation(id_, messages[members[0]], messages[members[-1]])
    for each in conversations.values():
        if each["head"] not in messages:
            each["head"] = max(by_conversation.get(each["id"], []), default=None)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        os.chmod(path, 0o600)
        schema.migrate(connection, __version__)
        connection.execute("BEGIN")
        indexing.forget(connection)  # It is made afterwards: for 100,000 messages it takes 20 s.
        for table, each_row in (("conversations", conversations), ("messages", messages), ("drafts", found["drafts"])):
            columns = [name for name, _ in _SHAPES[table]]
            connection.executemany(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(f':{name}' for name in columns)})",
                each_row.values(),
            )
        connection.execute("COMMIT")
    shown = {id_ for id_, each in conversations.items() if each["deleted"] is None}
    return len(shown), sum(1 for each in messages.values() if each["conversation"] in shown)


def _lost_conversation(id_: str, first: dict[str, Any], last: dict[str, Any]) -> dict[str, Any]:
    """Values for a conversation of which only messages are left."""
    values = dict.fromkeys(("renamed", "pinned", "archived"), 0) | dict.fromkeys(("model", "system", "persona"), "")
    return values | {
        "id": id_,
        "title": _RECOVERED_TITLE,
        "created": first["created"],
        "updated": last["created"],
        "sampling": "{}",
        "head": last["id"],
        "context_start": None,
        "deleted": None,
    }
