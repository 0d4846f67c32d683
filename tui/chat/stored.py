"""A conversation as it is stored, and a new one that is not yet."""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tui.chat.titles import derive_title
from tui.store.errors import StoreError
from tui.store.records import Change, Conversation, Message, Role, new_conversation_id, new_message_id
from tui.store.saving import Whole, conversation_of

if TYPE_CHECKING:
    from tui.chat.outbox import Outbox

_FLUSH_SECONDS = 2.0


def new_conversation(**values: Any) -> Conversation:
    """A conversation that begins now; `values` are fields of it."""
    now = time.time()
    return Conversation(new_conversation_id(), created=now, updated=now, **values)


def another(before: Conversation, **values: Any) -> Conversation:
    """A new conversation with the model, system prompt, sampling and persona of one; `values` are other fields."""
    same = {name: getattr(before, name) for name in ("model", "system", "sampling", "persona")}
    return new_conversation(**same, **values)


def read_conversation(outbox: Outbox, conversation_id: str) -> Whole:
    """A stored conversation and its messages on every branch; what is not written yet counts. Not for the event loop.

    Raises:
        StoreError: It cannot be read, or is not there.
    """
    outbox.flush(_FLUSH_SECONDS)
    return _read(outbox, conversation_id)


def unsaved_conversations(outbox: Outbox) -> list[Whole]:
    """Every conversation of which something is not on disk, whole. Not for the event loop.

    A draft that is not on disk is a conversation of its own, with what was typed as its message.
    """
    found: list[Whole] = []
    for id in dict.fromkeys(conversation_of(each) for each in outbox.unsaved):
        with suppress(StoreError):  # only a change of one that nobody has open, on a disk that cannot be read either
            found.append(outbox.whole(id) or _read(outbox, id))
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
    if conversation_id in waiting:
        return waiting[conversation_id]
    try:
        return outbox.opened().draft(conversation_id)
    except StoreError:
        if outbox.whole(conversation_id) is None:
            raise
        return ""  # of a conversation that is here, on a disk that cannot be read


def unbegun_drafts(outbox: Outbox, known: Collection[str]) -> dict[str, str]:
    """What was typed in chats that were never begun, by conversation; once it is kept elsewhere, it is to be dropped.

    Not for the event loop.

    Args:
        outbox: Has the conversations open.
        known: Conversations that are looked after already.

    Raises:
        StoreError: It cannot be read.
    """
    return outbox.opened().unbegun_drafts({*known, *outbox.drafts})


def _read(outbox: Outbox, conversation_id: str) -> Whole:
    # Before the store is read: what is written in between is then in both, and not in neither.
    unsaved = [each for each in outbox.unsaved if conversation_of(each) == conversation_id]
    whole = outbox.whole(conversation_id)
    conversation, messages = whole if whole is not None else (None, ())
    try:
        store = outbox.opened()
        stored, conversation = store.messages(conversation_id), conversation or store.conversation(conversation_id)
    except StoreError:
        if whole is None:
            raise
        stored = []
    by_id = {each.id: each for each in (*stored, *messages)}
    for record in unsaved:
        match record:
            case Conversation():
                conversation = record
            case Change(values=values) if conversation is not None:
                conversation = replace(conversation, **values)
            case Message():
                by_id[record.id] = record
    if conversation is None:
        raise StoreError(f"There is no conversation {conversation_id}.", "ovchat chats list shows which there are.")
    return conversation, [by_id[id] for id in sorted(by_id)]
