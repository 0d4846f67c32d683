"""What can be pulled from the hub: the catalogue, what fits this machine first, or any OWNER/NAME that is typed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.chat.model_texts import short_path
from tui.engine.errors import Cancelled, OvchatError
from tui.library.amounts import size_text
from tui.library.catalogue import Recommended, catalogue
from tui.library.find import Places, find_models
from tui.library.hub import is_id, without_address
from tui.library.hub_search import Format
from tui.library.jobs import Kind, State
from tui.library.long_work import pull
from tui.library.pull import AlreadyHere, Offer, free_bytes, look_up, require_room
from tui.screens.dialogs import OptionsDialog
from tui.screens.hub_search import HubSearchScreen
from tui.screens.list_panel import ListPanel
from tui.screens.models_managing import Removing, ask_to_remove
from tui.screens.models_reading import RowReader
from tui.screens.services import Services
from tui.screens.type_ahead import changes_screen
from tui.store.errors import StoreError
from tui.widgets.notice import Notice
from tui.widgets.row_list import Line

_MARKS = 3  # columns that a list keeps beside its rows
_ASKING = "asking the hub …"
_NONE = "The catalogue has no such model. Alt+S searches the hub for it; or type OWNER/NAME of any one there."
_WIDE = 90  # columns from which on the licence has one of its own
_NARROW = 50  # columns below which a row has the name alone


@dataclass(frozen=True, slots=True)
class Row:
    """A model that can be pulled.

    Attributes:
        id: OWNER/NAME.
        known: What the catalogue says of it; None for one that was typed.
        note: How it stands here: `here already`; "" for nothing to say.
        fits: It fits this machine, as far as is known.
    """

    id: str
    known: Recommended | None = None
    note: str = ""
    fits: bool = True


class PullScreen(ListPanel[str, Row]):
    """The panel; answers the name of the model whose pull has begun.

    Args:
        services: Where models are, and the jobs.
    """

    HEADING = "Pull a model"
    PLACEHOLDER = "Type to filter, or OWNER/NAME of any model on the hub"
    LINES = 2

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Pull", id="pull.choose", tooltip="Ask the hub for the marked one, and pull it."),
        Binding("alt+s", "search", "Search the hub", id="pull.search", tooltip="Look for what is typed on the hub."),
    ]

    DEFAULT_CSS: ClassVar[str] = """
    PullScreen {
        .pull--heading { height: 1; padding: 0 0 0 2; color: $text-muted; text-wrap: nowrap; }
        &.-empty .pull--heading { display: none; }
    }
    """

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._rows: list[Row] = []
        self._stop: threading.Event | None = None  # while the hub is asked

    def content(self) -> Iterable[Widget]:
        box, empty, rows, notice = super().content()
        return [box, empty, Static("", classes="pull--heading"), rows, notice]

    def on_mount(self) -> None:
        self._read()

    @work
    async def _read(self) -> None:
        self._rows = await asyncio.to_thread(self._known)
        self.typed(self.text)

    def _known(self) -> list[Row]:
        """The catalogue, held against this machine. Not for the event loop."""
        places = self._services.models.places
        memory, _ = RowReader(self._services).free_and_given()
        disk = free_bytes(places.models)
        here = {model.name.casefold() for model in find_models(places)}
        states = {job.work.name: job.state for job in self._services.jobs.all if job.work.kind is Kind.PULL}
        rows = []
        for each in catalogue():
            fits = each.fits(memory, disk)
            if each.id.casefold() in here:
                note = "here already"
            elif each.id in states:
                state = states[each.id]
                note = "paused" if state is State.PAUSED else f"pull {state}"
            elif not fits:
                what, free = ("memory", memory) if each.memory_bytes > memory else ("disk", disk)
                note = f"too large: {size_text(free)} of {what} are free"
            else:
                note = ""
            rows.append(Row(each.id, each, note, fits))
        return sorted(rows, key=lambda row: not row.fits)

    # What is shown

    def typed(self, text: str) -> None:
        asked = without_address(text)
        words = asked.casefold().split()
        items = [row for row in self._rows if all(word in _words(row) for word in words)]
        if is_id(asked) and not any(row.id.casefold() == asked.casefold() for row in self._rows):
            items.append(Row(asked))
        named = next((place for place, row in enumerate(items) if row.id.casefold() == asked.casefold()), None)
        self.show_items(items, cursor=named, empty=_NONE)

    def on_row_list_refitted(self) -> None:
        width = self.rows.scrollable_content_region.width - _MARKS
        facts = _columns("Size", "Memory", "Licence", width) if width >= _NARROW else ""
        heading = f"Name{facts.rjust(width - len('Name'))}"
        self.query_one(".pull--heading", Static).update(Content(heading))

    def draw(self, item: Row, width: int) -> Sequence[Line]:
        known = item.known
        if known is None:
            return [Line(Content(item.id)), Line(Content.styled("  on the hub", "$text-muted"))]
        style = "" if item.fits else "$text-muted"
        sizes = size_text(known.size_bytes), size_text(known.memory_bytes)
        facts = _columns(*sizes, known.licence, width) if width >= _NARROW else ""
        note = f"{item.note}: " if item.note else ""
        licence = "" if width >= _WIDE else f"{known.licence}: "
        about = Content.assemble("  ", (note, "$text-warning"), (f"{licence}{known.good_for}", "$text-muted"))
        return [Line(Content.styled(item.id, style), Content.styled(facts, style)), Line(about)]

    # What is done

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "choose" or (self.is_mounted and self.rows.current is not None)

    def answer(self, item: Row) -> str | None:
        self._ask(item.id)
        return None

    def action_choose(self) -> None:
        super().action_choose()  # no key waits for what it opens: Esc ends the question to the hub

    def action_close(self) -> None:
        if self._stop is not None:  # what was typed is being asked for, and stays
            self.leave()
        else:
            super().action_close()

    def leave(self) -> None:
        if self._stop is not None:
            self._stop.set()
        else:
            self.dismiss(None)

    @changes_screen
    @work(group="search", exclusive=True)
    async def action_search(self) -> None:
        chosen = await self.app.push_screen_wait(HubSearchScreen(self.text, Format.OPENVINO))
        if chosen is not None:
            box = self.query_one(Input)
            with box.prevent(Input.Changed):
                box.value = chosen
            self.typed(chosen)
            self._ask(chosen)

    @work(group="ask", exclusive=True)
    async def _ask(self, name: str) -> None:
        places = await asyncio.to_thread(lambda: self._services.models.places)
        try:
            await self._pull(name, places)
        except Cancelled:
            self.say("The hub was not waited for.")
        except (OvchatError, StoreError) as error:
            self.fail(error)

    async def _pull(self, name: str, places: Places) -> None:
        try:
            offer = await self._offer(name, places)
        except AlreadyHere as here:
            await self._replace(here, places)
        else:
            if await self._agreed(offer):
                self._begin(offer, places)

    async def _replace(self, here: AlreadyHere, places: Places) -> None:
        """Offer to pull it again; what is here is deleted once the hub has answered."""
        self.say(here.sentence)
        try:
            removing = await ask_to_remove(self.app, self._services, here.model, self.say, anew=True)
        except OvchatError as error:
            raise OvchatError(f"{here.sentence} {error.sentence}", error.next_step) from error
        if removing is not None:
            offer = await self._offer(here.model.name, places, removing)
            await removing.do()
            self._begin(offer, places)

    async def _offer(self, name: str, places: Places, instead: Removing | None = None) -> Offer:
        """What the hub offers, for which there is room: that of a model that it comes instead of, too."""
        stop = self._stop = threading.Event()
        self.show_facts(_ASKING)
        self.say(f"{name}: {_ASKING} Esc ends it.")
        try:
            offer = await asyncio.to_thread(look_up, name, stop, places=places, anew=instead is not None)
            require_room(offer, instead.freed if instead is not None else 0)
        finally:
            stop.set()
            if self._stop is stop:
                self._stop = None
                self.show_facts("")
        self.query_one(Notice).clear()
        return offer

    async def _agreed(self, offer: Offer) -> bool:
        files = len(offer.repository.files)
        lines = [f"{size_text(offer.size)} in {files} files"]
        if offer.here:
            lines[0] += f", {size_text(offer.here)} of it here already"
        lines.append(f"{size_text(offer.free)} are free on the disk of {short_path(offer.models)}")
        if offer.changed:
            lines.append("It has changed on the hub since this pull was begun: what has changed is fetched anew.")
        question = OptionsDialog(offer.repository.id, [("Pull it", True), ("Not now", False)], text="\n".join(lines))
        return await self.app.push_screen_wait(question) is True

    def _begin(self, offer: Offer, places: Places) -> None:
        name = offer.repository.id
        try:
            self._services.jobs.begin(pull(name, places, offer))
        except OvchatError as error:
            self.fail(error)
        else:
            self.dismiss(name)


def _columns(size: str, memory: str, licence: str, width: int) -> str:
    """What stands below each other at the right edge of a list of that width."""
    return f"{size:>8}  {memory:>8}" + (f"  {licence[:12]:12}" if width >= _WIDE else "")


def _words(row: Row) -> str:
    known = row.known
    return " ".join((row.id, known.good_for, known.licence, row.note) if known is not None else (row.id,)).casefold()
