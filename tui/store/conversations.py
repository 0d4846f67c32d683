"""The user's conversations on disk: kept when the process is killed, shared between processes, searched.

Every method may be called from any thread, and leaves everything or nothing of what it was asked for.
"""

from __future__ import annotations

import difflib
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from tui.store import paths, rows, saving, writers
from tui.store.database import Database
from tui.store.drafts import Drafts
from tui.store.errors import NotThere, NotWritable, StoreError
from tui.store.indexing import Indexer
from tui.store.records import Conversation, Ended, Message, Role
from tui.store.search import Hit, search

LAST = "last"  # the reference that means the conversation used last
_KEPT_DELETED_S = 24 * 3600.0
_SHORTEST_BEGINNING = 4  # characters of an id
_UNSYNCED_S = 5.0  # so much of an answer that is being written goes with the machine's power
_NEAR = 5  # conversations named in an error

_SHOWN = f"SELECT {rows.CONVERSATION} FROM conversations WHERE deleted IS NULL"
_BRANCH = f"""
    WITH RECURSIVE up (id, parent) AS (
        SELECT id, parent FROM messages WHERE id = ?
        UNION SELECT m.id, m.parent FROM up JOIN messages m ON m.id = up.parent
    )
    SELECT {rows.MESSAGE}, writer, touched FROM messages WHERE id IN (SELECT id FROM up)
"""
_INTERRUPTED = f"""
    SELECT {", ".join(f"c.{name}" for name in rows.CONVERSATION.split(", "))}
    FROM conversations c JOIN messages m ON m.id = c.head
    WHERE c.deleted IS NULL AND m.ended = ? AND m.created >= c.updated ORDER BY c.updated DESC LIMIT 1
"""


class Conversations:
    """The conversations in one database; see `open`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._drafts = Drafts(database)
        self._synced = -_UNSYNCED_S  # `time.monotonic()`
        self._indexer = Indexer(database)

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user should know: a network file system, what was recovered from a damaged file."""
        return self._database.notices

    @classmethod
    def open(cls, path: Path | None = None) -> Conversations:
        """The conversations in `path`, by default conversations.db in the config directory; made where missing.

        Answers whose writer is gone become interrupted ones; what was deleted more than a day ago leaves. A damaged
        database is set aside as it is, what can be read of it is put in a new one, and `notices` says so.

        Raises:
            StoreError: It cannot be opened or written, or was made by a newer ovchat.
        """
        database = Database(path or paths.conversations_file())
        try:
            _tidy(database)
        except NotWritable as error:
            database.notices += (f"What is stored can be read, but nothing can be written: {error}",)
        except BaseException:
            database.close()
            raise
        return cls(database)

    def close(self) -> None:
        """Close the database; nothing can be read or written after this."""
        self._indexer.close()
        self._database.close()

    @property
    def generation(self) -> int:
        """Another number where the file was deleted, replaced or recovered meanwhile: it may have lost something."""
        return self._database.generation

    def save(self, *records: saving.Record, whole: saving.Whole | None = None) -> saving.Saved:
        """Store conversations, what changed of one, and messages; all of it or nothing. `updated` never goes back.

        A message's conversation and its parent come before it, or are stored already; a conversation's head may come
        after it. A new message in a conversation that was deleted brings it back. An answer that is being written is
        soon written again: it outlives this process, and every few seconds it is made to outlive the machine's power.

        Args:
            records: What to store.
            whole: All there is of the conversation that the records belong to: what of it is not stored is, too.

        Raises:
            NotThere: What is changed, or a message's conversation or parent, is not there.
            StoreError: They cannot be written.
        """
        now = time.monotonic()
        is_journal = all(isinstance(each, Message) and each.ended is Ended.WRITING for each in records)
        synced = not is_journal or now >= self._synced + _UNSYNCED_S
        with self._database.write(synced=synced) as connection:
            later = {each.id for each in records if isinstance(each, Message)}
            put_back = saving.put_back(connection, whole, later) if whole is not None else False
            came_back = sum(saving.save(connection, record) for record in records) > 0
        if synced:
            self._synced = now
        return saving.Saved(came_back, put_back)

    def add(self, conversation: Conversation, messages: Sequence[Message]) -> None:
        """Store a whole new conversation; a message comes after its parent.

        Raises:
            StoreError: It cannot be written, or one of the ids is there already.
        """
        with self._database.write() as connection:
            saving.add(connection, conversation, messages)

    def drop_message(self, id: int) -> None:
        """Remove an answer that came to nothing; but one that others follow stays: another process went on from it.

        Raises:
            StoreError: It cannot be written.
        """
        with self._database.write() as connection:
            if connection.execute("SELECT 1 FROM messages WHERE parent = ?", (id,)).fetchone():
                connection.execute(
                    "UPDATE messages SET ended = ?, writer = NULL, touched = NULL WHERE id = ? AND ended = ?",
                    (Ended.CANCELLED, id, Ended.WRITING),
                )
                return
            connection.execute(
                "UPDATE conversations SET head = (SELECT parent FROM messages WHERE id = ?1) WHERE head = ?1", (id,)
            )
            connection.execute("DELETE FROM messages WHERE id = ?", (id,))

    def conversation(self, id: str) -> Conversation | None:
        """A conversation; None if it is not there, or deleted.

        Raises:
            StoreError: It cannot be read.
        """
        found = self._all(f"{_SHOWN} AND id = ?", id)
        return rows.conversation(found[0]) if found else None

    def find(self, reference: str) -> Conversation:
        """The conversation that a user means: by id or the beginning of one, by title, or "last".

        Raises:
            StoreError: There is none, or several; the sentence names those that come near.
        """
        if reference == LAST:
            latest = self._all(f"{_SHOWN} AND NOT archived ORDER BY updated DESC LIMIT 1")
            if not latest:
                raise StoreError("There is no conversation yet.", "Begin one: ovchat chat")
            return rows.conversation(latest[0])
        every = self.listing(archived=True)
        wanted = reference.strip()
        for each in every:
            if each.id == wanted:
                return each
        begins = len(wanted) >= _SHORTEST_BEGINNING
        found = [each for each in every if begins and each.id.startswith(wanted.lower())]
        found = found or [each for each in every if each.title and each.title.casefold() == wanted.casefold()]
        if len(found) == 1:
            return found[0]
        if found:
            raise StoreError(f"{reference!r} means {len(found)} conversations: {_named(found)}.", "Give the whole id.")
        near = set(difflib.get_close_matches(wanted, [name for each in every for name in (each.id, each.title)], _NEAR))
        near_ones = [
            each
            for each in every
            if each.id in near or each.title in near or (wanted and wanted.casefold() in each.title.casefold())
        ]
        hint = f" Near it: {_named(near_ones)}." if near_ones else ""
        raise StoreError(f"There is no conversation {reference!r}.{hint}", "ovchat chats list shows them all.")

    def branch(self, leaf: int | None) -> list[Message]:
        """The messages from the first one to `leaf`; none for None or where `leaf` is not there.

        Raises:
            StoreError: They cannot be read.
        """
        by_id = {row[0]: row for row in self._all(_BRANCH, leaf)}
        messages: list[Message] = []
        while leaf is not None and (row := by_id.pop(leaf, None)):
            messages.append(_message(row))
            leaf = messages[-1].parent
        return messages[::-1]

    def message(self, id: int) -> Message | None:
        """A message; None if it is not there.

        Raises:
            StoreError: It cannot be read.
        """
        found = self._all(f"SELECT {rows.MESSAGE}, writer, touched FROM messages WHERE id = ?", id)
        return _message(found[0]) if found else None

    def messages(self, conversation_id: str) -> list[Message]:
        """Every message of a conversation, of all branches, by id.

        Raises:
            StoreError: They cannot be read.
        """
        found = self._all(
            f"SELECT {rows.MESSAGE}, writer, touched FROM messages WHERE conversation = ? ORDER BY id", conversation_id
        )
        return [_message(row) for row in found]

    def listing(self, *, archived: bool = False, limit: int = -1) -> list[Conversation]:
        """The conversations, pinned ones first, then the newest; with `archived`, the archived ones among them.

        Args:
            archived: Whether the archived ones, too.
            limit: The first of them; -1 for all, which takes 60 ms for 10,000.

        Raises:
            StoreError: They cannot be read.
        """
        condition = "" if archived else "AND NOT archived"
        found = self._all(f"{_SHOWN} {condition} ORDER BY pinned DESC, updated DESC LIMIT ?", limit)
        return [rows.conversation(row) for row in found]

    def delete(self, id: str) -> None:
        """Hide a conversation; it can be restored for a day.

        Raises:
            StoreError: It is not there, or cannot be written.
        """
        with self._database.write() as connection:
            if not connection.execute("UPDATE conversations SET deleted = ? WHERE id = ?", (time.time(), id)).rowcount:
                raise NotThere(f"The conversation {id} is not stored, or not any more: it cannot be deleted.")

    def restore(self, id: str) -> None:
        """Undo `delete`.

        Raises:
            StoreError: It has left for good, or cannot be written.
        """
        with self._database.write() as connection:
            if not connection.execute("UPDATE conversations SET deleted = NULL WHERE id = ?", (id,)).rowcount:
                raise StoreError(f"The conversation {id} was deleted for good.")

    def draft(self, id: str) -> str:
        """What was typed in a conversation and not sent: by this process, else by those that are gone.

        Raises:
            StoreError: It cannot be read.
        """
        return self._drafts.read(id)

    def unbegun_drafts(self, known: Collection[str] = ()) -> dict[str, str]:
        """What was typed in conversations that were never begun, and nobody else writes, the latest last.

        Args:
            known: Conversations that are looked after already.

        Raises:
            StoreError: They cannot be read.
        """
        return self._drafts.unbegun(known)

    def save_draft(self, id: str, text: str) -> None:
        """Keep what this process has of a message that is typed and not sent; "" forgets it.

        Raises:
            StoreError: It cannot be written.
        """
        self._drafts.save(id, text)

    def give_up_drafts(self) -> None:
        """Leave the drafts of this process to others: it goes on, but there is nobody any more who types.

        Raises:
            StoreError: It cannot be written.
        """
        self._drafts.give_up()

    def search(self, text: str, *, cancelled: threading.Event | None = None) -> Iterator[Hit]:
        """Messages that have `text` in them, newest first, as they are found; deleted conversations are left out.

        Raises:
            StoreError: They cannot be read.
        """
        return search(self._database, text, cancelled or threading.Event())

    def prompts(self, limit: int = 200) -> list[str]:
        """What the user wrote last, over all conversations, newest first, each once.

        Raises:
            StoreError: It cannot be read.
        """
        texts: dict[str, None] = {}
        with self._database.read() as connection:
            found = connection.execute(
                "SELECT m.text FROM messages m JOIN conversations c ON c.id = m.conversation AND c.deleted IS NULL "
                "WHERE m.role = ? ORDER BY m.id DESC",
                (Role.USER,),
            )
            with closing(found):
                for (text,) in found:
                    texts.setdefault(text)
                    if len(texts) >= limit:
                        break
        return list(texts)

    def interrupted(self) -> Conversation | None:
        """The latest conversation that ends in an answer whose process was gone before it was whole.

        Raises:
            StoreError: It cannot be read.
        """
        found = self._all(_INTERRUPTED, Ended.INTERRUPTED)
        return rows.conversation(found[0]) if found else None

    def _all(self, query: str, *values: object) -> list[rows.Row]:
        with self._database.read() as connection:
            return connection.execute(query, values).fetchall()


def _tidy(database: Database) -> None:
    with database.read() as connection:
        seen = connection.execute(
            "SELECT writer, max(touched) FROM messages WHERE writer IS NOT NULL GROUP BY writer"
        ).fetchall()
    dead = [writer for writer, touched in seen if not writers.alive(writer, touched)]
    with database.write() as connection:
        for writer in dead:
            connection.execute(
                "UPDATE messages SET ended = ?, writer = NULL, touched = NULL WHERE writer = ?",
                (Ended.INTERRUPTED, writer),
            )
        # One that is still written to after it was deleted, in another window, stays a day longer.
        long_ago = time.time() - _KEPT_DELETED_S
        gone = "SELECT id FROM conversations WHERE deleted < ?1 AND updated < ?1"
        connection.execute(f"DELETE FROM drafts WHERE conversation IN ({gone})", (long_ago,))
        connection.execute(f"DELETE FROM conversations WHERE id IN ({gone})", (long_ago,))


def _message(row: rows.Row) -> Message:
    *values, writer, touched = row
    message = rows.message(tuple(values))
    if writer is not None and not writers.alive(writer, touched):
        return replace(message, ended=Ended.INTERRUPTED)
    return message


def _named(conversations: Sequence[Conversation]) -> str:
    shown = [f"{each.id} ({each.title})" if each.title else each.id for each in conversations[:_NEAR]]
    return ", ".join(shown) + (" ..." if len(conversations) > _NEAR else "")
