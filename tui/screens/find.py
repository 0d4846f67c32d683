"""Search over the text of all messages: results come in while somebody types, the newest first."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import on, work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from tui.screens import dates
from tui.screens.list_panel import ListPanel
from tui.screens.type_ahead import changes_screen
from tui.store.errors import StoreError
from tui.store.records import Role
from tui.widgets.row_list import Line
from tui.widgets.visible import one_line, visible

if TYPE_CHECKING:
    from tui.store.conversations import Conversations
    from tui.store.search import Hit

_PAGE = 200  # hits read at a time; more of them when the cursor comes near the end
_BATCH = 20
_HINT = (
    "Type words or parts of words; a message has to have all of them. "
    '"Several words" in quotes stay together. What is found is listed with the newest first.'
)


class _Search:
    """What one text finds."""

    def __init__(self, store: Conversations, text: str) -> None:
        self.cancelled = threading.Event()
        self.hits: Iterator[Hit] = store.search(text, cancelled=self.cancelled)
        self.reading = False
        self.complete = False


class FindScreen(ListPanel[tuple[str, int], "Hit"]):
    """The search; answers the conversation and the message to go to.

    Args:
        store: Where the messages are.
    """

    HEADING = "Find in all conversations"
    PLACEHOLDER = "Type what you look for"
    LINES = 2

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Go to it", id="find.choose", tooltip="Open the message."),
    ]

    @dataclass
    class Found(Message):
        """A thread has found some more."""

        search: _Search
        hits: list[Hit]
        ended: bool = False  # that page is read
        error: StoreError | None = None

    def __init__(self, store: Conversations) -> None:
        super().__init__()
        self._store = store
        self._search: _Search | None = None
        self._count = 0
        self._wants_first = False  # Enter came before the first hit
        self._today = date.today()

    def on_mount(self) -> None:
        self.show_items([], empty=_HINT)

    def on_unmount(self) -> None:
        self._cancel()

    def typed(self, text: str) -> None:
        self._cancel()
        self._count, self._wants_first = 0, False
        if not text.strip():
            self._search = None
            self.show_items([], empty=_HINT)
            self.show_facts("")
            return
        # What the text before has found stays until there is something new: no flicker at every key.
        self._search = _Search(self._store, text.strip())
        self._begin_page(self._search)

    @changes_screen
    def action_choose(self) -> None:
        """Go to the marked message; what the text before has found is not meant."""
        if self._search is not None and self._count == 0:
            self._wants_first = True
        else:
            super().action_choose()

    def _cancel(self) -> None:
        if self._search is not None:
            self._search.cancelled.set()

    def _begin_page(self, search: _Search) -> None:
        search.reading = True
        self.show_facts("searching …")
        self._read_page(search)

    @work(thread=True)
    def _read_page(self, search: _Search) -> None:
        """In a thread: the next page of hits, told in batches; the first one alone, for it is waited for."""
        batch: list[Hit] = []
        read = 0
        error: StoreError | None = None
        try:
            for hit in islice(search.hits, _PAGE):
                read += 1
                batch.append(hit)
                if search.cancelled.is_set():
                    return
                if read == 1 or len(batch) == _BATCH:
                    self.post_message(self.Found(search, batch))
                    batch = []
        except StoreError as failed:
            error = failed
        search.complete = read < _PAGE
        self.post_message(self.Found(search, batch, ended=True, error=error))

    @on(Found)
    def _found(self, found: Found) -> None:
        search = found.search
        if search is not self._search:
            return
        if found.error is not None:
            self.fail(found.error)
        if self._count == 0 and (found.hits or found.ended):
            self.show_items(found.hits, empty="" if found.error else _nothing(self.text.strip()))
        else:
            self.rows.append(found.hits)
        self._count += len(found.hits)
        if self._wants_first and found.hits:
            self.action_choose()
            return
        if found.ended:
            search.reading = False
            self.show_facts(f"{self._count:,} found" if search.complete else f"the newest {self._count:,}")
            self._more_if_near_end()

    def _more_if_near_end(self) -> None:
        search = self._search
        if search is None or search.reading or search.complete or self.rows.cursor is None:
            return
        if self.rows.cursor > len(self.rows.items) - _PAGE // 2:
            self._begin_page(search)

    def action_move(self, step: int) -> None:
        super().action_move(step)
        self._more_if_near_end()

    def action_move_page(self, direction: int) -> None:
        super().action_move_page(direction)
        self._more_if_near_end()

    def action_move_to_end(self, direction: int) -> None:
        super().action_move_to_end(direction)
        self._more_if_near_end()

    def draw(self, item: Hit, width: int) -> Sequence[Line]:
        who = "You: " if item.role is Role.USER else "Answer: "
        return [
            Line(
                Content.styled(one_line(item.title) or "untitled", "$text-muted"),
                Content.styled(dates.short(item.created, self._today), "$text-muted"),
            ),
            Line(_snippet(who, item, width)),
        ]

    def answer(self, item: Hit) -> tuple[str, int]:
        return item.conversation_id, item.message_id


def _nothing(text: str) -> str:
    return f"No message has all of this in it: {text}" if len(text.split()) > 1 else f"Nothing has “{text}” in it."


def _snippet(who: str, hit: Hit, width: int) -> Content:
    """The place of the hit, begun late enough for its first word to be seen, and as many of the others as can be."""
    # Every character becomes one, so that the marks stay where they are.
    plain = visible(hit.text)
    room = width - len(who) - 2  # “…” at both ends
    first = hit.place
    last = max([first, *(end for _, end in hit.marks if end > first and cell_len(plain[first:end]) <= room)])
    at = 0
    while at < first and (cell_len(plain[at:first]) >= room // 2 or cell_len(plain[at:last]) > room):
        at += 1
    text = Content(plain)
    for begin, end in hit.marks:
        text = text.stylize("bold underline $text-primary", begin, end)
    return Content.assemble((who, "$text-muted"), "…" if at else "", text[at:])
