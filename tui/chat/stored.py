"""A conversation as it is stored, and a new one that is not yet."""

from __future__ import annotations

import time
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
    conversation = store.conversation(conversation_id)
    messages: dict[int, Message] = {}
    if conversation is not None:
        messages = {each.id: each for each in store.branch(conversation.head)}
        for message_id, _ in store.tree(conversation_id):
            if message_id not in messages and (found := store.message(message_id)) is not None:
                messages[message_id] = found
    for record in outbox.unsaved:
        if isinstance(record, Conversation) and record.id == conversation_id:
            conversation = record
        elif isinstance(record, Message) and record.conversation == conversation_id:
            messages[record.id] = record
    if conversation is None:
        raise StoreError(f"There is no conversation {conversation_id}.", "ovchat chats list shows which there are.")
    return conversation, list(messages.values())
