"""The conversations as a list of them shows and changes them: those on disk, and what is on its way there.

Where the disk fails, what was begun since then is in the list all the same. Nothing here is for the event loop.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.store.errors import StoreError
from tui.store.records import Change, Conversation, Message
from tui.store.saving import conversation_of

if TYPE_CHECKING:
    from tui.chat.outbox import Outbox


class ListedConversations:
    """All conversations.

    Args:
        outbox: Has the store, and what is not written yet.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def listing(self, *, archived: bool = False, limit: int = -1) -> list[Conversation]:
        """Pinned ones first, then the newest; with `archived`, the archived ones among them.

        Args:
            archived: Whether the archived ones, too.
            limit: Of those on disk, the first ones; -1 for all.

        Raises:
            StoreError: They cannot be read, and nothing is on its way.
        """
        # Before the store is read: what is written in between is then in both, and not in neither.
        unsaved = self._outbox.unsaved
        try:
            found = {each.id: each for each in self._outbox.opened().listing(archived=True, limit=limit)}
        except StoreError:
            if not unsaved:
                raise
            found = {}
        for record in unsaved:
            id = conversation_of(record)
            if id not in found and (whole := self._outbox.whole(id)) is not None:
                found[id] = whole[0]
            match record:
                case Conversation():
                    found[id] = record
                case Change(values=values) if id in found:
                    found[id] = replace(found[id], **values)
                case Message() if id in found:
                    found[id] = replace(found[id], updated=max(found[id].updated, record.created))
        shown = (each for each in found.values() if archived or not each.archived)
        return sorted(shown, key=lambda each: (not each.pinned, -each.updated))

    def conversation(self, id: str) -> Conversation | None:
        """One of them; None where it is not there, or deleted.

        Raises:
            StoreError: They cannot be read, and nothing is on its way.
        """
        return next((each for each in self.listing(archived=True) if each.id == id), None)

    def save(self, change: Change) -> None:
        """Change one; what cannot be written waits, as everything does."""
        self._outbox.put(change)

    def delete(self, id: str) -> None:
        """Hide one; it can be restored for a day.

        Raises:
            StoreError: It cannot be written.
        """
        self._outbox.opened().delete(id)

    def restore(self, id: str) -> None:
        """Undo `delete`.

        Raises:
            StoreError: It has left for good, or cannot be written.
        """
        self._outbox.opened().restore(id)
