"""Everything that is written of conversations: in order, from a thread of its own, again and again until it is done.

Who has something to write never waits for the disk, and loses nothing where the disk fails: it is kept here, said,
and tried every second.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.store.errors import StoreError
from tui.store.records import Conversation, Message

if TYPE_CHECKING:
    from tui.store.conversations import Conversations

_RETRY_SECONDS = 1.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Drop:
    message_id: int


@dataclass(frozen=True, slots=True)
class _Draft:
    conversation: str
    text: str


_Record = Conversation | Message | _Drop | _Draft
# What kind, which one, and of conversations which of two: see `_key`.
_Key = tuple[type, str | int, int]


class Outbox:
    """What waits to be written, and the thread that writes it. End it with `close`.

    Args:
        open_store: Opens the conversations; called in the thread, again every second while it fails.
    """

    def __init__(self, open_store: Callable[[], Conversations]) -> None:
        self._open_store = open_store
        self._store: Conversations | None = None
        self._waiting: dict[_Key, _Record] = {}
        self._trouble: StoreError | None = None
        self._changed = threading.Condition()
        self._rounds = 0
        self._busy = False
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
        """Why writing fails now."""
        return self._trouble

    @property
    def unsaved(self) -> tuple[Conversation | Message, ...]:
        """What is not on disk yet, the latest version of each."""
        with self._changed:
            records = list(self._waiting.values())
        latest = {each.id: each for each in records if isinstance(each, Conversation | Message)}
        return tuple(latest.values())

    def put(self, record: Conversation | Message) -> None:
        """Write it soon; of several versions, the latest."""
        self._put(record)

    def commit(self, record: Conversation | Message, timeout: float = 2.0) -> bool:
        """Put it, and wait until it and everything before it is on disk; False where that fails or takes too long."""
        self._put(record)
        return self.wait(record, timeout)

    def wait(self, record: Conversation | Message, timeout: float) -> bool:
        """Wait until what was put of a record is on disk; False where that fails or takes too long."""
        with self._changed:
            # Where writing fails already, nobody waits for the next attempt.
            self._changed.wait_for(lambda: self._written(record) or self._trouble is not None, timeout)
            return self._written(record)

    def drop(self, message_id: int) -> None:
        """Take a message out that came to nothing."""
        with self._changed:
            self._waiting.pop((Message, message_id, 0), None)
        self._put(_Drop(message_id))

    def draft(self, conversation_id: str, text: str) -> None:
        """What is typed and not sent; "" for none. "" is the id of a conversation that has not begun."""
        self._put(_Draft(conversation_id, text))

    def opened(self, timeout: float = 10.0) -> Conversations:
        """Wait for the conversations to be open; not for the event loop.

        Raises:
            StoreError: Why they are not.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._store is not None or self._trouble is not None, timeout)
            if self._store is None:
                raise self._trouble or StoreError("The conversations are not open yet.", "Try again in a moment.")
            return self._store

    def flush(self, timeout: float) -> bool:
        """Wait until everything is on disk; False where an attempt failed, or it took longer."""
        with self._changed:
            self._at_once = True
            self._changed.notify_all()
            # The round under way may have begun before the reason it fails for was gone.
            last = self._rounds + (2 if self._busy else 1)
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

    def _put(self, record: _Record) -> None:
        with self._changed:
            key = self._key(record)
            if key[2]:
                # The newest version goes to the end, behind the messages that it may name.
                self._waiting.pop(key, None)
            self._waiting[key] = record
            self._changed.notify_all()

    def _key(self, record: _Record) -> _Key:
        match record:
            case Conversation():
                # Its first version must be there before its messages, its last one names messages: both are kept.
                return Conversation, record.id, int((Conversation, record.id, 0) in self._waiting)
            case Message():
                return Message, record.id, 0
            case _Drop():
                return _Drop, record.message_id, 0
            case _Draft():
                return _Draft, record.conversation, 0

    def _written(self, record: Conversation | Message) -> bool:
        return not any((type(record), record.id, version) in self._waiting for version in (0, 1))

    def _loop(self) -> None:
        while True:
            with self._changed:
                while not (self._closing or self._at_once or self._store is None or self._waiting):
                    self._changed.wait()
                if self._closing:
                    break
                self._at_once, self._busy = False, True
            trouble = self._round()
            with self._changed:
                self._busy = False
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
        trouble: StoreError | None = None
        failed: set[str] = set()
        with self._changed:
            records = list(self._waiting.items())
        for key, record in records:
            conversation = _conversation_of(record)
            if conversation in failed or (failed and conversation == ""):
                continue  # what comes after it names what is not there
            with self._changed:
                now = self._waiting.get(key)
            # A conversation's newer version waits behind messages that it may name; a message's takes its place.
            if now is None or (now is not record and isinstance(now, Conversation)):
                continue
            try:
                self._write(self._store, now)
            except Exception as error:
                trouble = _trouble(error)
                failed.add(conversation)
        return trouble

    def _write(self, store: Conversations, record: _Record) -> None:
        match record:
            case Conversation():
                store.save_conversation(record)
            case Message():
                store.save_message(record)
            case _Drop():
                store.drop_message(record.message_id)
            case _Draft():
                store.save_draft(record.conversation, record.text)
        with self._changed:
            for key in [key for key, each in self._waiting.items() if each is record]:
                del self._waiting[key]
            self._changed.notify_all()


def _conversation_of(record: _Record) -> str:
    match record:
        case Conversation():
            return record.id
        case Message() | _Draft():
            return record.conversation
    return ""


def _trouble(error: Exception) -> StoreError:
    if isinstance(error, StoreError):
        return error
    logger.error("writing conversations", exc_info=error)
    return StoreError(f"The conversations cannot be written ({type(error).__name__}: {error}).")
