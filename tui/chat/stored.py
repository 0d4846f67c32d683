"""A conversation as it is stored, and a new one that is not yet."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tui.store.errors import StoreError
from tui.store.records import Conversation, Message, new_conversation_id

if TYPE_CHECKING:
    from tui.chat.outbox import Outbox

_FLUSH_SECONDS = 2.0


def new_conversation(**values: Any) -> Conversation:
    """A conversation that begins now; `values` are fields of it."""
    now = time.time()
    return Conversation(new_conversation_id(), created=now, updated=now, **values)


def read_conversation(outbox: Outbox, conversation_id: str) -> tuple[Conversation, list[Message]]:
    """A stored conversation and its messages on every branch; what is not written yet counts. Not for the event loop.

    Raises:
        StoreError: It cannot be read, or is not there.
    """
    outbox.flush(_FLUSH_SECONDS)
    store = outbox.opened()
    found = _with_unsaved(outbox, conversation_id, store.conversation(conversation_id), store.messages(conversation_id))
    if found is None:
        raise StoreError(f"There is no conversation {conversation_id}.", "ovchat chats list shows which there are.")
    return found


def unsaved_conversations(outbox: Outbox) -> list[tuple[Conversation, list[Message]]]:
    """Every conversation of which something is not on disk, whole as far as it can be read. Not for the event loop."""
    ids = dict.fromkeys(each.id if isinstance(each, Conversation) else each.conversation for each in outbox.unsaved)
    found = []
    for id in ids:
        try:
            found.append(read_conversation(outbox, id))
        except StoreError:  # a disk that cannot be written may not be readable either
            if (rest := _with_unsaved(outbox, id, Conversation(id), [])) is not None:
                found.append(rest)
    return found


def _with_unsaved(
    outbox: Outbox, conversation_id: str, conversation: Conversation | None, stored: Iterable[Message]
) -> tuple[Conversation, list[Message]] | None:
    messages = {each.id: each for each in stored}
    for record in outbox.unsaved:
        if isinstance(record, Conversation) and record.id == conversation_id:
            conversation = record
        elif isinstance(record, Message) and record.conversation == conversation_id:
            messages[record.id] = record
    return None if conversation is None else (conversation, [messages[id] for id in sorted(messages)])
