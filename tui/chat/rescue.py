"""What could not be saved, put together with what is saved already, for a file elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.store.errors import StoreError
from tui.store.records import Conversation, Message

if TYPE_CHECKING:
    from tui.chat.outbox import Outbox
    from tui.store.conversations import Conversations


def unsaved_conversations(outbox: Outbox) -> list[tuple[Conversation, list[Message]]]:
    """Every conversation of which something is not on disk: its values and all its messages, by id."""
    unsaved = outbox.unsaved
    found: list[tuple[Conversation, list[Message]]] = []
    for id in dict.fromkeys(each.id if isinstance(each, Conversation) else each.conversation for each in unsaved):
        conversation, messages = _saved(outbox.store, id)
        for each in unsaved:
            if isinstance(each, Message) and each.conversation == id:
                messages[each.id] = each
            elif isinstance(each, Conversation) and each.id == id:
                conversation = each
        found.append((conversation, [messages[each] for each in sorted(messages)]))
    return found


def _saved(store: Conversations | None, id: str) -> tuple[Conversation, dict[int, Message]]:
    try:
        conversation = store.conversation(id) if store is not None else None
        messages = store.messages(id) if store is not None and conversation is not None else []
    except StoreError:  # a disk that cannot be written may not be readable either
        conversation, messages = None, []
    return conversation or Conversation(id), {each.id: each for each in messages}
