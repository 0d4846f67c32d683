"""Everything that is written of conversations: from a thread of its own, again and again until it is done.

What waits of one conversation is written in one piece, so that what a killed process leaves fits together.

Who has something to write never waits for the disk, and loses nothing where the disk fails: it is kept here, said,
and tried every second.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui.store.errors import NotThere, StoreError
from tui.store.records import Change, Conversation, Message
from tui.store.saving import Record, Whole, conversation_of

if TYPE_CHECKING:
    from tui.store.conversations import Conversations

_RETRY_SECONDS = 1.0
_OPEN_SECONDS = 10.0
# A write takes 1 to 80 ms. What takes longer than this is told: whoever leaves meanwhile would lose what waits.
_HANGS_SECONDS = 1.5

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Drop:
    message_id: int


@dataclass(frozen=True, slots=True)
class _Draft:
    conversation: str
    text: str


_Record = Record | _Drop | _Draft
_Key = tuple[type, str | int]


class Outbox:
    """What waits to be written, and the thread that writes it. End it with `close`.

    Args:
        open_store: Opens the conversations; called in the thread, again every second while it fails.
    """

    def __init__(self, open_store: Callable[[], Conversations]) -> None:
        self._open_store = open_store
        self._store: Conversations | None = None
        self._waiting: dict[_Key, _Record] = {}
        self._wholes: dict[str, Callable[[], Whole]] = {}  # of the conversations of which something waits
        self._generations: dict[str, int] = {}  # of the store, when each conversation was last written
        self._notices: list[str] = []
        self._store_notices = 0  # of the store's, so many are in there
        self._trouble: StoreError | None = None
        self._changed = threading.Condition()
        self._rounds = 0
        self._round_began: float | None = None  # None between two rounds
        self._at_once = False
        self._closing = False
        # A daemon: a disk that hangs must not keep the process.
        self._thread = threading.Thread(target=self._loop, name="outbox", daemon=True)
        self._thread.start()

    @property
    def store(self) -> Conversations | None:
        """The conversations, once they are open; anybody may read in them."""
        return self._store

    @property
    def trouble(self) -> StoreError | None:
        """Why writing fails now, or that it takes too long."""
        with self._changed:
            began = self._round_began if self._waiting else None
            seconds = 0.0 if began is None else time.monotonic() - began
            if self._trouble is None and seconds > _HANGS_SECONDS:
                what = f"What was said has been waiting for {seconds:.0f} seconds to be written."
                return StoreError(what, "Its disk may not answer, or another program may hold the conversations.")
            return self._trouble

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user should know of how the conversations were opened and written; there come only more of them."""
        with self._changed:
            if self._store is not None:
                self._notices += self._store.notices[self._store_notices :]
                self._store_notices = len(self._store.notices)
            return tuple(self._notices)

    @property
    def unsaved(self) -> tuple[Record, ...]:
        """What is not on disk yet, the latest version of each."""
        with self._changed:
            return tuple(each for each in self._waiting.values() if isinstance(each, Record))

    def whole(self, conversation_id: str) -> Whole | None:
        """All of a conversation, from whoever has put something of it that is not on disk yet; None for others."""
        with self._changed:
            whole = self._wholes.get(conversation_id)
        # It takes the conversation's lock, and who has that may be putting something.
        return whole() if whole is not None else None

    @property
    def drafts(self) -> dict[str, str]:
        """The drafts that are not on disk yet, by conversation."""
        with self._changed:
            return {each.conversation: each.text for each in self._waiting.values() if isinstance(each, _Draft)}

    def put(self, *records: Record, whole: Callable[[], Whole] | None = None) -> None:
        """Write them soon, together; of several versions of one, the latest.

        Args:
            records: Of one conversation. A message after its conversation and its parent, unless those were put before.
            whole: Gives all of that conversation, for a database that does not have it any more. Called in the thread.
        """
        with self._changed:
            if whole is not None:
                self._wholes[conversation_of(records[0])] = whole
            self._put(*records)

    def wait(self, record: Record, timeout: float) -> bool:
        """Wait until what was put of a record is on disk; False where that fails, or takes more than `timeout` s."""
        key = _key(record)
        with self._changed:
            # Where writing fails already, nobody waits for the next attempt.
            self._changed.wait_for(lambda: key not in self._waiting or self._trouble is not None, timeout)
            return key not in self._waiting

    def drop(self, message_id: int) -> None:
        """Take a message out that came to nothing."""
        with self._changed:
            self._waiting.pop((Message, message_id), None)
            self._put(_Drop(message_id))

    def draft(self, conversation_id: str, text: str) -> None:
        """What is typed and not sent in a conversation, which need not have begun; "" for none."""
        self._put(_Draft(conversation_id, text))

    def opened(self) -> Conversations:
        """Wait for the conversations to be open; not for the event loop.

        Raises:
            StoreError: Why they are not.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._store is not None or self._trouble is not None, _OPEN_SECONDS)
            if self._store is None:
                raise self._trouble or StoreError("The conversations are not open yet.", "Try again in a moment.")
            return self._store

    def flush(self, timeout: float) -> bool:
        """Wait until everything is on disk; False where an attempt failed, or it took more than `timeout` s."""
        with self._changed:
            self._at_once = True
            self._changed.notify_all()
            # The round under way may have begun before the reason it fails for was gone.
            last = self._rounds + (1 if self._round_began is None else 2)
            self._changed.wait_for(lambda: not self._waiting or self._rounds >= last or self._closing, timeout)
            return not self._waiting

    def close(self, timeout: float = 5.0) -> bool:
        """Write what is left, and end the thread; False where something stays unwritten (`unsaved`)."""
        deadline = time.monotonic() + timeout
        self.flush(timeout)
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(max(0.0, deadline - time.monotonic()))
        with self._changed:
            return not self._waiting

    def _put(self, *records: _Record) -> None:
        with self._changed:
            for record in records:
                key = _key(record)
                self._waiting[key] = _merged(self._waiting.get(key), record)
            self._changed.notify_all()

    def _loop(self) -> None:
        while True:
            with self._changed:
                while not (self._closing or self._at_once or self._store is None or self._waiting):
                    self._changed.wait()
                if self._closing:
                    break
                self._at_once, self._round_began = False, time.monotonic()
            trouble = self._round()
            with self._changed:
                self._round_began = None
                self._rounds += 1
                if trouble is not None and self._trouble is None:
                    logger.warning("conversations cannot be written: %s", trouble)
                self._trouble = trouble
                self._changed.notify_all()
                if trouble is not None:
                    self._changed.wait_for(lambda: self._closing or self._at_once, _RETRY_SECONDS)
        if self._store is not None:
            self._store.close()

    def _round(self) -> StoreError | None:
        """Write what waits; why something was not, or None."""
        try:
            if self._store is None:
                self._store = self._open_store()
                with self._changed:
                    self._changed.notify_all()
        except Exception as error:
            return _trouble(error)
        batches: dict[object, list[_Record]] = {}
        with self._changed:
            for record in sorted(self._waiting.values(), key=_drafts_last):
                batches.setdefault(_batch_of(record), []).append(record)
        trouble: StoreError | None = None
        for batch, records in batches.items():
            if trouble is not None and isinstance(records[0], _Draft):
                break  # what could not be written may be what the draft on disk still has
            try:
                self._write(self._store, batch, records)
            except Exception as error:
                trouble = _trouble(error)
        return trouble

    def _write(self, store: Conversations, batch: object, records: Sequence[_Record]) -> None:
        match records[0]:
            case _Drop(message_id):
                store.drop_message(message_id)
            case _Draft(conversation, text):
                store.save_draft(conversation, text)
            case _:
                self._save(store, str(batch), [each for each in records if isinstance(each, Record)])
        with self._changed:
            for record in records:
                # Unless a newer version came meanwhile.
                if self._waiting.get(_key(record)) is record:
                    del self._waiting[_key(record)]
            if not any(_batch_of(each) == batch for each in self._waiting.values()):
                self._wholes.pop(str(batch), None)
            self._changed.notify_all()

    def _save(self, store: Conversations, conversation_id: str, records: Sequence[Record]) -> None:
        """Write what waits of a conversation; where the database may have lost it, all of it."""
        generation = store.generation
        is_another = self._generations.get(conversation_id, generation) != generation
        try:
            saved = store.save(*records, whole=self.whole(conversation_id) if is_another else None)
        except NotThere:
            whole = self.whole(conversation_id)
            if whole is None and all(isinstance(each, Change) for each in records):
                return  # it was deleted for good, and nobody has it open
            if whole is None:
                raise
            saved = store.save(*records, whole=whole)
        self._generations[conversation_id] = generation
        if saved.put_back:
            self._note(
                conversation_id, "was missing in the database, or a part of it. All of it has been written there again."
            )
        elif saved.came_back:
            self._note(conversation_id, "was deleted in another window. It was gone on with here, and is back.")

    def _note(self, conversation_id: str, what: str) -> None:
        whole = self.whole(conversation_id)
        with self._changed:
            self._notices.append(f"{f'“{whole[0].title}”' if whole is not None else 'A conversation'} {what}")


def _merged(before: _Record | None, record: _Record) -> _Record:
    """A newer version in the place of the one that waits; what changes of a conversation is changed in that."""
    match before, record:
        case Conversation(), Change(values=values):
            return replace(before, **values)
        case Change(values=old), Change(id, values):
            return Change(id, {**old, **values})
    return record


def _key(record: _Record) -> _Key:
    match record:
        case Conversation():
            return Conversation, record.id
        case Change():
            return Conversation, record.conversation
        case Message():
            return Message, record.id
        case _Drop():
            return _Drop, record.message_id
        case _Draft():
            return _Draft, record.conversation


def _drafts_last(record: _Record) -> int:
    """What leaves a draft was said, or is in another draft: that is on disk before."""
    return (1 if record.text else 2) if isinstance(record, _Draft) else 0


def _batch_of(record: _Record) -> object:
    """Records with the same are written in one piece."""
    return _key(record) if isinstance(record, _Drop | _Draft) else conversation_of(record)


def _trouble(error: Exception) -> StoreError:
    if isinstance(error, StoreError):
        return error
    logger.error("writing conversations", exc_info=error)
    return StoreError(f"The conversations cannot be written ({type(error).__name__}: {error}).")
