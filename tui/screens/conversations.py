"""The list of all conversations: by date, filtered by title; to open, rename, pin, archive and delete them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from tui.screens import dates
from tui.screens.dialogs import TextDialog
from tui.screens.list_panel import ListPanel
from tui.screens.type_ahead import changes_screen
from tui.store.errors import StoreError
from tui.store.records import Change, Conversation
from tui.widgets.row_list import Heading, Line
from tui.widgets.visible import one_line

if TYPE_CHECKING:
    from tui.chat.listed import ListedConversations

_PINNED = "Pinned"
_UNTITLED = "untitled"
_FIRST = 100  # conversations: more than a screen has
_AT_ONCE_S = 0.1
_PAINTED_S = 0.2


def _key(key: str, action: str, label: str, tooltip: str) -> Binding:
    return Binding(key, action, label, id=f"conversations.{action}", tooltip=tooltip)


async def first_page(store: ListedConversations) -> list[Conversation]:
    """What the list begins with; nothing where that cannot be read at once.

    Before the panel is made: while that keeps the event loop busy, a thread comes forward slowly.
    """
    with suppress(StoreError, TimeoutError):
        return await asyncio.wait_for(asyncio.to_thread(store.listing, archived=True, limit=_FIRST), _AT_ONCE_S)
    return []


class ConversationsScreen(ListPanel[str, Conversation]):
    """The list; answers the id of the conversation to open.

    Args:
        store: Where the conversations are.
        current: Id of the open conversation; None for a chat that is not stored.
        change_current: Changes fields of the open conversation, given by name: its session has them, too. Without it
            they are written like those of any other.
        undoable: What was deleted and archived before, and can be undone here.
        first: What `first_page` has answered: shown until all of them are read.
    """

    HEADING = "Conversations"
    PLACEHOLDER = "Type to filter by title"

    BINDINGS: ClassVar[list[BindingType]] = [
        _key("alt+u", "undo", "Undo", "Bring back what was deleted last."),
        _key("alt+r", "rename", "Rename", "Give it another title."),
        _key("alt+d", "delete", "Delete", "Delete it. Alt+U brings it back."),
        _key("alt+p", "pin", "Pin", "Keep it on top, or no longer."),
        _key("alt+a", "archive", "Archive", "Leave it out of the list, or take it back. It stays searchable."),
        _key("alt+v", "archived", "Archived", "Show the archived ones, or the others."),
    ]

    def __init__(
        self,
        store: ListedConversations,
        current: str | None,
        change_current: Callable[..., None] | None = None,
        undoable: list[Conversation] | None = None,
        first: list[Conversation] | None = None,
    ) -> None:
        super().__init__()
        self._store = store
        self._current = current
        self._change_current = change_current
        self._listed = first
        self._complete = False
        self._unmoved: int | None = None  # where the cursor was put at first
        self._archived = False
        self._undoable = [] if undoable is None else undoable
        self._gone: set[str] = set()
        self._today = date.today()
        # One change after the other: each begins with what the list shows after the one before.
        self._changing = asyncio.Lock()

    def on_mount(self) -> None:
        if self._listed:
            self._show(self._current)
            self._unmoved = self.rows.cursor
            # A thread that makes ten thousand records takes the time that painting these needs.
            self.set_timer(_PAINTED_S, self._read)
        else:
            self._read()

    @work
    async def _read(self) -> None:
        async with self._changing:
            try:
                self._listed = await asyncio.to_thread(self._store.listing, archived=True)
            except StoreError as error:
                self.fail(error)
                return
            self._complete = True
            marked = self.rows.current
            # Who has moved the cursor since stays there.
            self._show(marked.id if marked is not None and self.rows.cursor != self._unmoved else self._current)

    def _show(self, at: str | None) -> None:
        """The conversations that match, under their groups, with the cursor on the one of that id."""
        words = self.text.casefold().split()
        items: list[Conversation | Heading] = []
        cursor = group = None
        begin = 0.0
        count = total = 0
        for each in self._listed or ():
            if each.archived is not self._archived:
                continue
            total += 1
            if words:
                title = each.title.casefold()
                if not all(word in title for word in words):
                    continue
            count += 1
            if each.pinned:
                if group is None:
                    group = _PINNED
                    items.append(Heading(group))
            elif group in (None, _PINNED) or each.updated < begin:
                # They come with the newest first: a date is looked at once for each group, not for each row.
                group, begin = dates.group(each.updated, self._today)
                items.append(Heading(group))
            if each.id == at:
                cursor = len(items)
            items.append(each)
        self.show_items(items, cursor=cursor, empty=self._why_empty(total))
        kind = "archived" if self._archived else ""
        if self._complete:
            self.show_facts(" ".join([f"{count:,} of {total:,}" if words else f"{total:,}", kind]).strip())

    def _why_empty(self, total: int) -> str:
        if not self._complete:
            return ""
        if total:
            return "No title has that. Ctrl+F in the chat searches the text of all messages."
        if self._archived:
            return "Nothing is archived."
        return "There is no conversation yet. It is stored as soon as you send the first message."

    def draw(self, item: Conversation, width: int) -> Sequence[Line]:
        title = Content(one_line(item.title)) if item.title else Content.styled(_UNTITLED, "italic")
        mark = "open  " if item.id == self._current else ""
        day = dates.short(item.updated, self._today)
        return [Line(title, Content.assemble((mark, "$text-primary"), (day, "$text-muted")))]

    def answer(self, item: Conversation) -> str:
        return item.id

    def typed(self, text: str) -> None:
        if self._listed is not None:
            self._show(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "undo":
            return bool(self._undoable)
        if action in {"choose", "rename", "pin", "archive", "delete"}:
            return True if self.is_mounted and self.rows.current is not None else None
        return True

    def action_archived(self) -> None:
        self._archived = not self._archived
        self._show(self._current)

    @changes_screen
    @work
    async def action_rename(self) -> None:
        conversation = self.rows.current
        if conversation is None:
            return
        title = await self.app.push_screen_wait(TextDialog("Rename", conversation.title, required=True))
        if title is not None and title.strip() != conversation.title:
            await self._change(conversation, "", title=title.strip(), renamed=True)

    @work
    async def action_pin(self) -> None:
        async with self._changing:
            if (conversation := self.rows.current) is not None:
                await self._change(conversation, "", pinned=not conversation.pinned)

    @work
    async def action_archive(self) -> None:
        async with self._changing:
            if (conversation := self.rows.current) is not None:
                done = "Taken back into the list" if conversation.archived else "Archived"
                self._undoable.append(conversation)
                told = f"{done}: {_name(conversation)}. Alt+U undoes it."
                await self._change(conversation, told, archived=not conversation.archived)

    @work
    async def action_delete(self) -> None:
        async with self._changing:
            conversation = self.rows.current
            if conversation is None:
                return
            # Before it is done: who closes the panel at once does not learn of it later.
            self._gone.add(conversation.id)
            try:
                await asyncio.to_thread(self._store.delete, conversation.id)
            except StoreError as error:
                self._gone.discard(conversation.id)
                self.fail(error)
                return
            self._undoable.append(conversation)
            self._replace(conversation.id, None)
            self.say(f"Deleted: {_name(conversation)}. Alt+U brings it back.")

    @property
    def deleted(self) -> frozenset[str]:
        """The conversations that were deleted here: what is said in them from now on would bring them back."""
        return frozenset(self._gone)

    @property
    def deleted_current(self) -> bool:
        """The open conversation was deleted here: what is said in it from now on would leave with it."""
        return self._current in self._gone

    @work
    async def action_undo(self) -> None:
        async with self._changing:
            if not self._undoable:
                return
            last = self._undoable[-1]
            try:
                if await asyncio.to_thread(self._store.conversation, last.id) is not None:
                    self._undoable.pop()
                    await self._change(last, f"Undone: {_name(last)}.", archived=last.archived)
                    return
                await asyncio.to_thread(self._store.restore, last.id)
            except StoreError as error:
                self.fail(error)
                return
            self._undoable.pop()
            self._gone.discard(last.id)
            self._archived = last.archived
            self._replace(last.id, last)
            self.say(f"Back again: {_name(last)}.")

    async def _change(self, conversation: Conversation, done: str, **fields: Any) -> None:
        """Change values of a conversation where they are kept, then in the list."""
        try:
            if conversation.id == self._current and self._change_current is not None:
                self._change_current(**fields)
            else:
                await asyncio.to_thread(self._write, conversation.id, fields)
        except StoreError as error:
            self.fail(error)
            return
        self._replace(conversation.id, replace(conversation, **fields))
        if done:
            self.say(done)

    def _write(self, id: str, fields: Mapping[str, Any]) -> None:
        if self._store.conversation(id) is None:
            raise StoreError("This conversation is not there any more.", "Another ovchat deleted it.")
        self._store.save(Change(id, fields))

    def _replace(self, id: str, conversation: Conversation | None) -> None:
        """Put a conversation, or nothing, in the place of the one of that id, and the cursor where it was or is."""
        place = self.rows.cursor
        rest = [each for each in self._listed or () if each.id != id]
        if conversation is not None:
            rest.append(conversation)
            rest.sort(key=lambda each: (not each.pinned, -each.updated))
        self._listed = rest
        self._show(id)
        if conversation is None or conversation.archived is not self._archived:
            # The next one has come to its place.
            self.rows.move_to(place)


def _name(conversation: Conversation) -> str:
    return f"“{one_line(conversation.title)}”" if conversation.title else f"the {_UNTITLED} conversation"
