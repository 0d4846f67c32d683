"""Records written into the tables, in a transaction of whoever calls. Of what is stored already, only what changed."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tui.store import rows, writers
from tui.store.errors import NotThere
from tui.store.records import Change, Conversation, Ended, Message

Record = Conversation | Change | Message
Whole = tuple[Conversation, Sequence[Message]]  # a conversation with its messages on every branch


def conversation_of(record: Record) -> str:
    """Id of the conversation that a record belongs to."""
    return record.id if isinstance(record, Conversation) else record.conversation


class Saved(NamedTuple):
    """What was done beside storing what was to be stored.

    Attributes:
        came_back: A conversation had been deleted, and is no more.
        put_back: Something else of it had been lost, and was stored again.
    """

    came_back: bool
    put_back: bool


def save(connection: sqlite3.Connection, record: Record) -> bool:
    """Store a record; whether that brought back a conversation that had been deleted.

    Raises:
        NotThere: The conversation that a change is of, or that a message is said in, is not there.
        sqlite3.Error: It cannot be written; a message's parent is not there.
    """
    match record:
        case Conversation():
            _save_row(connection, "conversations", rows.conversation_row(record))
        case Change():
            row = rows.change_row(record)
            if not connection.execute(f"UPDATE conversations SET {_changes(row)} WHERE id = :id", row).rowcount:
                raise NotThere(f"The conversation {record.conversation} is not stored any more.")
        case Message():
            came_back = connection.execute(_BRING_BACK, (record.conversation, record.id)).rowcount > 0
            _save_row(connection, "messages", _message_row(record))
            connection.execute(
                "UPDATE conversations SET updated = ?2 WHERE id = ?1 AND updated < ?2",
                (record.conversation, record.created),
            )
            return came_back
    return False


def add(connection: sqlite3.Connection, conversation: Conversation, messages: Iterable[Message]) -> None:
    """Store a whole new conversation; a message comes after its parent.

    Raises:
        sqlite3.Error: It cannot be written, or is there already.
    """
    row = rows.conversation_row(conversation)
    connection.execute(_insert("conversations", row), row)
    for message in messages:
        row = _message_row(message)
        connection.execute(_insert("messages", row), row)


def put_back(connection: sqlite3.Connection, whole: Whole, later: Collection[int]) -> bool:
    """Store what is not there of a conversation, and leave alone what is; whether there was something to store.

    Args:
        connection: In a transaction.
        whole: All that is known of it.
        later: Ids of messages that are stored after this, in the same transaction.
    """
    # A message may come before its parent: of another process, whose clock was behind.
    connection.execute("PRAGMA defer_foreign_keys = ON")
    conversation, messages = whole
    known = [("conversations", rows.conversation_row(conversation))]
    known += [("messages", _message_row(each)) for each in messages if each.id not in later]
    before = connection.total_changes
    for table, row in known:
        connection.execute(f"{_insert(table, row)} ON CONFLICT (id) DO NOTHING", row)
    return connection.total_changes > before


_FORWARD = "updated = max(conversations.updated, :updated)"
# Something new is said in it. The end of an answer that was begun before does not bring back what was deleted since.
_BRING_BACK = """
    UPDATE conversations SET deleted = NULL
    WHERE id = ? AND deleted IS NOT NULL AND NOT EXISTS (SELECT 1 FROM messages WHERE id = ?)
"""


def _message_row(message: Message) -> dict[str, Any]:
    is_writing = message.ended is Ended.WRITING
    return rows.message_row(message) | {
        "writer": writers.this_process() if is_writing else None,
        "touched": time.time() if is_writing else None,
    }


def _insert(table: str, row: Mapping[str, Any]) -> str:
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})"


def _save_row(connection: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> None:
    connection.execute(f"{_insert(table, row)} ON CONFLICT (id) DO UPDATE SET {_changes(row)}", row)


def _changes(row: Mapping[str, Any]) -> str:
    return ", ".join(_FORWARD if name == "updated" else f"{name} = :{name}" for name in row if name != "id")
