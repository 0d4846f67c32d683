"""A conversation as it is stored, and a new one that is not yet."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tui.chat.titles import derive_title
from tui.store.errors import StoreError
from tui.store.records import Conversation, Message, Role, new_conversation_id, new_message_id

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
    return _read(outbox, conversation_id)


def unsaved_conversations(outbox: Outbox) -> list[tuple[Conversation, list[Message]]]:
    """Every conversation of which something is not on disk, whole as far as it can be read. Not for the event loop.

    A draft that is not on disk is a conversation of its own, with what was typed as its message.
    """
    unsaved = outbox.unsaved
    ids = dict.fromkeys(each.id if isinstance(each, Conversation) else each.conversation for each in unsaved)
    found = []
    for id in ids:
        try:
            found.append(_read(outbox, id))
        except StoreError:  # a disk that cannot be written may not be readable either
            found.append(_with_unsaved(Conversation(id), [], unsaved))
    for text in filter(None, outbox.drafts.values()):
        draft = new_conversation(title=f"Draft: {derive_title(text)}", renamed=True)
        message = Message(new_message_id(), draft.id, None, Role.USER, text, draft.created)
        found.append((replace(draft, head=message.id), [message]))
    return found


def read_draft(outbox: Outbox, conversation_id: str) -> str:
    """What was typed in a conversation and not sent, also where it is not on disk yet. Not for the event loop.

    Raises:
        StoreError: It cannot be read.
    """
    waiting = outbox.drafts
    return waiting[conversation_id] if conversation_id in waiting else outbox.opened().draft(conversation_id)


def _read(outbox: Outbox, conversation_id: str) -> tuple[Conversation, list[Message]]:
    store = outbox.opened()
    # Before the store is read: what is written in between is then in both, and not in neither.
    unsaved = outbox.unsaved
    conversation = store.conversation(conversation_id)
    messages = store.messages(conversation_id)
    if conversation is None and not any(each.id == conversation_id for each in unsaved):
        raise StoreError(f"There is no conversation {conversation_id}.", "ovchat chats list shows which there are.")
    return _with_unsaved(conversation or Conversation(conversation_id), messages, unsaved)


def _with_unsaved(
    conversation: Conversation, stored: Iterable[Message], unsaved: Iterable[Conversation | Message]
) -> tuple[Conversation, list[Message]]:
    messages = {each.id: each for each in stored}
    for record in unsaved:
        if isinstance(record, Conversation) and record.id == conversation.id:
            conversation = record
        elif isinstance(record, Message) and record.conversation == conversation.id:
            messages[record.id] = record
    return conversation, [messages[id] for id in sorted(messages)]
