"""Conversations in memory, as far as the panels use them; and ones that fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

from tui.store.errors import StoreError
from tui.store.records import Change, Conversation, Role
from tui.store.search import Hit


class FakeConversations:
    """`tui.store.conversations.Conversations` without a disk. While `error` is set, every method raises it."""

    def __init__(self, *conversations: Conversation) -> None:
        self.kept = {each.id: each for each in conversations}
        self.hidden: dict[str, Conversation] = {}
        self.texts: list[tuple[str, int, str]] = []  # (conversation id, message id, text), the newest first
        self.error: StoreError | None = None
        self.gate = threading.Event()  # a search goes on after its first hit when this is set
        self.gate.set()
        self.may_list = threading.Event()  # all of them
        self.may_list.set()
        self.searched: list[tuple[str, threading.Event]] = []

    def _check(self) -> None:
        if self.error is not None:
            raise self.error

    def listing(self, *, archived: bool = False, limit: int | None = None) -> list[Conversation]:
        self._check()
        if limit is None:
            self.may_list.wait(20)
        found = [each for each in self.kept.values() if archived or not each.archived]
        return sorted(found, key=lambda each: (not each.pinned, -each.updated))[:limit]

    def conversation(self, id: str) -> Conversation | None:
        self._check()
        return self.kept.get(id)

    def save(self, change: Change) -> None:
        self._check()
        self.kept[change.conversation] = replace(self.kept[change.conversation], **change.values)

    def delete(self, id: str) -> None:
        self._check()
        self.hidden[id] = self.kept.pop(id)

    def restore(self, id: str) -> None:
        self._check()
        self.kept[id] = self.hidden.pop(id)

    def search(self, text: str, *, cancelled: threading.Event | None = None) -> Iterator[Hit]:
        assert cancelled is not None
        self.searched.append((text, cancelled))
        for number, (conversation, message, written) in enumerate(self.texts):
            self._check()
            place = written.casefold().find(text.casefold())
            if place < 0:
                continue
            while number and not self.gate.wait(0.005):
                if cancelled.is_set():
                    return
            end = place + len(text)
            yield Hit(
                conversation_id=conversation,
                title=f"Title {conversation}",
                message_id=message,
                role=Role.USER,
                created=time.time(),
                text=written,
                marks=((place, end),),
                place=place,
            )
