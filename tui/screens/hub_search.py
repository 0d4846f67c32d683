"""Searching the hub for a model: words are typed, Enter asks the hub, Enter again takes what is marked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input

from tui.engine.errors import Cancelled, OvchatError
from tui.library.amounts import size_text
from tui.library.hub_search import Format, Hit, search_hub
from tui.screens.list_panel import ListPanel
from tui.screens.type_ahead import changes_screen
from tui.widgets.notice import Notice
from tui.widgets.row_list import Line

_ASKING = "asking the hub …"
_FIRST = "Nothing is asked of the hub until you press Enter."
_GAP = 2


class HubSearchScreen(ListPanel[str, Hit]):
    """The panel; answers the id of the repository that was chosen.

    Rows have the size of all that a repository holds and how often it was fetched in a month.

    Args:
        words: What is searched for at once; "" waits for some.
        form: What the repositories are to hold.
    """

    HEADING = "Search the hub"
    PLACEHOLDER = "Words of the model's name"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "search", "Search", id="hub.search", tooltip="Ask the hub for models with these words."),
        Binding("enter", "choose", "Take it", id="hub.choose", tooltip="Go on with the marked one."),
    ]

    def __init__(self, words: str, form: Format) -> None:
        super().__init__()
        self._words = words.strip()  # that were searched for last
        self._form = form
        self._stop: threading.Event | None = None  # while the hub is asked

    def on_mount(self) -> None:
        self.show_items([], empty=_FIRST)
        if self._words:
            box = self.query_one(Input)
            with box.prevent(Input.Changed):
                box.value = self._words
            box.cursor_position = len(self._words)
            self._search()

    def typed(self, text: str) -> None:
        if text.strip() != self._words and self._stop is not None:
            self._stop.set()
        self.refresh_bindings()

    def draw(self, item: Hit, width: int) -> Sequence[Line]:
        size = f"{size_text(item.size) if item.size is not None else '':>8}"
        downloads = f"{item.downloads:,} downloads" if item.downloads is not None else ""
        # Names that are much alike differ at their ends.
        room = width - max(len(hit.id) for hit in self.rows.items if isinstance(hit, Hit)) - _GAP
        facts = next((each for each in (f"{size}  {downloads:>20}", size) if len(each) <= room), "")
        return [Line(Content(item.id), Content.styled(facts, "$text-muted"))]

    def answer(self, item: Hit) -> str | None:
        return item.id

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("search", "choose"):
            return self.is_mounted and self._is_searched == (action == "choose")
        return True

    @property
    def _is_searched(self) -> bool:
        return bool(self.rows.items) and self.text.strip() == self._words

    def action_search(self) -> None:
        if self.text.strip():
            self._words = self.text.strip()
            self._search()

    @changes_screen
    def action_choose(self) -> None:
        if self._is_searched:
            super().action_choose()
        else:
            self.action_search()

    def on_row_list_chosen(self) -> None:
        super().action_choose()  # clicked: that very one

    def action_close(self) -> None:
        if self._stop is not None:  # what was typed is being searched for, and stays
            self._stop.set()
        else:
            super().action_close()

    @work(group="search", exclusive=True)
    async def _search(self) -> None:
        if self._stop is not None:
            self._stop.set()
        stop = self._stop = threading.Event()
        self.show_items([])
        self.show_facts(_ASKING)
        self.say(f"{self._words}: {_ASKING} Esc ends it.")
        try:
            found = await asyncio.to_thread(search_hub, self._words, self._form, stop)
        except Cancelled:
            if self._stop is stop:
                self.say("The hub was not waited for.")
        except OvchatError as error:
            self.fail(error)
        else:
            self.query_one(Notice).clear()
            self.show_items(found, empty="The hub has no such model in a form that can be used here.")
        finally:
            stop.set()
            if self._stop is stop:
                self._stop = None
                self.show_facts("")
            self.refresh_bindings()
