"""The local models: a table of what their files say, to load and unload them and to give them a device."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.engine.errors import OvchatError
from tui.library.find import added_folders, found_in
from tui.screens.device_choice import ask_device
from tui.screens.jobs_panel import CONVERT_KEY, JOBS_KEY, PULL_KEY, models_key
from tui.screens.managing_panel import MANAGING_KEYS, ManagingPanel
from tui.screens.model_facts import ModelFactsScreen, doing, long_facts, short_facts
from tui.screens.model_row import ModelRow, Scene, State
from tui.screens.models_table import Column, cells, columns, heading, matches, ordered
from tui.screens.type_ahead import changes_screen
from tui.store import paths
from tui.terminal.display import with_present_keys
from tui.widgets.fact_table import FactTable
from tui.widgets.notice import Notice
from tui.widgets.row_list import Line, RowList
from tui.widgets.visible import visible

if TYPE_CHECKING:
    from tui.chat.active_model import ModelStatus
    from tui.library.local import LocalModel, LocalModels
    from tui.screens.services import Services

_TICK_S = 0.25
_DISK_S = 3.0  # so often what is on the disk is looked at
_AT_ONCE_S = 0.1
_FIRST_STEPS = """Only the starter is here, a small model to try things with.
Enter: use it
Alt+P: pull a recommended model
Alt+A: add a folder that has models"""
_MARKS = 3  # columns that a list keeps beside its rows


async def first_found(models: LocalModels) -> list[LocalModel] | None:
    """The models by their names; None where they cannot be had at once.

    Before the panel is made: while that keeps the event loop busy, a thread comes forward slowly.
    """
    with suppress(TimeoutError):
        return await asyncio.wait_for(asyncio.to_thread(models.find), _AT_ONCE_S)
    return None


class ModelsScreen(ManagingPanel):
    """The table; answers the name of the model that was asked for, which is loaded or about to be.

    Args:
        services: The models, the one in use, the devices and the settings.
        reason: Why one has to be chosen; "" where the user wanted to.
        first: What `first_found` has answered.
        then: What is opened over it at once: "pull", "convert" or "".
    """

    HEADING = "Models"
    PLACEHOLDER = "Type to filter by name, architecture, weights or state"

    BINDINGS: ClassVar[list[BindingType]] = [
        models_key("enter", "choose", "Use it", "Load the marked model and go back to the chat."),
        JOBS_KEY,
        PULL_KEY,
        CONVERT_KEY,
        *MANAGING_KEYS,
        models_key("alt+d", "device", "Device", "Choose where the marked model runs."),
        models_key("alt+i", "facts", "Details", "All that is known of the marked model."),
        # Of two rows in 80 columns these leave first.
        models_key("alt+l", "load", "Load", "Load the marked model and stay here."),
        models_key(
            "alt+u", "unload", "Unload", "Give the memory of the model in use back; the next prompt loads it again."
        ),
        models_key("alt+s", "sort", "Sort", "Sort by the next column."),
    ]

    DEFAULT_CSS: ClassVar[str] = """
    ModelsScreen {
        .panel--column { max-width: 130; }
        .models--heading { height: 1; padding: 0 2; color: $text-muted; text-wrap: nowrap; }
        &.-tall KeysRow { height: 2; }
        FactTable { height: 45%; max-height: 13; padding: 0 2; margin-top: 1; }
        &.-empty .models--heading, &.-empty FactTable, &.-short FactTable { display: none; }
    }
    """

    def __init__(
        self, services: Services, reason: str = "", first: list[LocalModel] | None = None, then: str = ""
    ) -> None:
        super().__init__(services, then)
        self._first = first
        self._reason = reason
        self._reading = asyncio.Lock()
        self._all: list[ModelRow] | None = None
        self._scene = Scene(services.active.status, set_device=services.settings["engine.device"] or "")
        self._sorted_by: Column | None = None
        self._loaded_here: str | None = None
        self._said: OvchatError | None = services.active.status.error  # the chat has told of it

    def content(self) -> Iterable[Widget]:
        box, empty, rows, notice = super().content()
        return [box, empty, Static("", classes="models--heading"), rows, FactTable(), self.strip, notice]

    def on_mount(self) -> None:
        if self._first is not None:
            self._begin(self._first)
        else:
            self.show_facts("looking …")
        if self._reason:
            self.say(f"{self._reason} {_where()}", "warning")
        self.watch(self.rows, "cursor", self._other_is_marked, init=False)
        self._read()
        self._watch()
        self._watch_disk()

    # What is here

    @work
    async def _read(self) -> None:
        async with self._reading:
            if self._all is None:
                self._begin(await asyncio.to_thread(self._services.models.find))
            self.query_one(Notice).add(await asyncio.to_thread(self._reader.troubles))
            painted = asyncio.Event()  # a thread that reads takes the time that painting needs
            self.call_after_refresh(painted.set)
            await painted.wait()
            await self._read_files()
        self._scene.here = await asyncio.to_thread(lambda: [name for name, _ in self._services.devices()])
        self._draw()

    def _begin(self, found: Sequence[LocalModel]) -> None:
        self._all = [ModelRow(model) for model in found]
        self._take_failure(self._scene.status)
        self._show(self._scene.in_use)
        if len(found) == 1 and not self._reason:
            self.query_one(Notice).say(_FIRST_STEPS, stays=True)

    async def _read_files(self) -> None:
        """Read what the models' files say, one after the other, those that are seen first."""
        rows = list(self._all or ())
        at = next((place for place, row in enumerate(rows) if row is self.rows.current), 0)
        nearest = iter([row for _, row in sorted(enumerate(rows), key=lambda each: abs(each[0] - at))])
        free, self._scene.given = await asyncio.to_thread(self._reader.free_and_given)
        while await asyncio.to_thread(self._reader.read_some, nearest, free):
            self._draw()
        self._draw()

    async def look_again(self, folder: Path | None = None) -> ModelRow | None:
        async with self._reading:
            if (found := await asyncio.to_thread(self._reader.renewed, self._all or ())) is not None:
                self._renew(found, is_ours=folder is not None)
                await self._read_files()
        if folder is not None and (there := self.row_in(folder)) is not None:
            self._show(there.name)
            return there
        return None

    @work
    async def _watch_disk(self) -> None:
        """Follow what comes, goes and changes on the disk for as long as the panel is there."""
        while True:
            await asyncio.sleep(_DISK_S)
            if not self._reading.locked():
                await self.look_again()

    def _renew(self, found: list[ModelRow], *, is_ours: bool) -> None:
        """List these; what was marked stays so, and where it has gone a row beside it is."""
        marked, place, top = self.rows.current, self.rows.cursor, self.rows.scroll_offset.y
        if len(found) > 1 == len(self._all or ()):
            self.query_one(Notice).clear()  # the first steps are done
        self._all = found
        at = next((row for row in found if marked is not None and row.model.path == marked.model.path), None)
        self._show(at.name if at is not None else "", place)
        self.rows.scroll_to(y=top, animate=False, force=True, immediate=True)
        if marked is None or at is not None or is_ours:
            return
        if not any(job.is_live and job.work.name == marked.name for job in self._jobs.all):  # else it comes anew
            stays = " It stays loaded until another one is." if self._scene.state(marked) is State.LOADED else ""
            self.say(f"{marked.name} is not here any more.{stays}")

    # How it is doing

    @work
    async def _watch(self) -> None:
        """Look at the model in use for as long as the panel is there."""
        while True:
            await asyncio.sleep(_TICK_S)
            before, status = self._scene.status, self._services.active.status
            if status is not before:
                self._scene.status = status
                self._take_failure(status)
                if status.model is not before.model:
                    self.query_one(Notice).fade()
                    free, self._scene.given = await asyncio.to_thread(self._reader.free_and_given)
                    for row in self._all or ():
                        self._reader.hold_against(row, free)
                self._draw()
            elif status.stage:
                self._draw()

    def _take_failure(self, status: ModelStatus) -> None:
        """Keep with its row why a model could not be loaded, and say it where the row's details do not."""
        name = self._scene.asked or ("" if status.model is not None else status.title)
        row = next((row for row in self._all or () if row.name == name), None)
        if status.stage:
            return
        if row is None:  # it has gone meanwhile
            if self._scene.asked and status.error is not None and status.error is not self._said:
                self._said = status.error
                self.say(str(status.error), "error")
            return
        row.error = status.error
        if status.error is not None and status.error is not self._said:
            self._said = status.error
            if row is not self.rows.current or self.has_class("-short"):
                self.say(f"{row.name}: {status.error}", "error")

    # What is shown

    def _show(self, at: str, place: int | None = None) -> None:
        """The models that match, with the cursor on the one of that name, else at that place."""
        found = self._all or ()
        words = self.text.casefold().split()
        items = [row for row in ordered(found, self._scene, self._sorted_by) if matches(row, self._scene, words)]
        near = min(place, len(items) - 1) if place is not None and items else None
        cursor = next((number for number, row in enumerate(items) if row.name == at), near)
        empty = "No model has that." if found else f"There is no model here. {_where()}"
        self.show_items(items, cursor=cursor, empty=empty)
        count = f"{len(items)} of {len(found)}" if words else str(len(found))
        self.show_facts(count if self._sorted_by is None else f"{count}, by {self._sorted_by.title.lower()}")
        self._show_heading()
        self._show_details()

    def _draw(self) -> None:
        """Draw anew what is known by now; where that changes which models match, or their order, the list too."""
        marked = self.rows.current
        if marked is not None and (self._sorted_by is not None or self.text):
            top = self.rows.scroll_offset.y
            self._show(marked.name)
            self.rows.scroll_to(y=top, animate=False, force=True, immediate=True)
        elif self.text:
            self._show("")
        self.rows.refresh()
        self._show_details()
        self.refresh_bindings()

    @on(RowList.Refitted)
    def _show_heading(self) -> None:
        if (width := self.rows.scrollable_content_region.width - _MARKS) > 0:  # else the list is hidden
            self.query_one(".models--heading", Static).update(heading(width, self._sorted_by))

    def _other_is_marked(self, before: int | None, cursor: int | None) -> None:
        if None not in (before, cursor):  # else the list is filled anew
            self.query_one(Notice).fade()
        self._show_details()

    def on_screen_suspend(self) -> None:
        if self.is_mounted:
            self.query_one(Notice).fade()

    def _show_details(self) -> None:
        row = self.rows.current
        if row is None:
            return
        goes_on, problem = doing(row, self._scene), self._scene.problem(row)
        wrong = visible(with_present_keys(self.app, str(problem))) if problem is not None else ""
        lines = [Content(goes_on), Content.styled(wrong, "$text-error")]
        said = Content("\n").join(line for line in lines if line)
        self.query_one(FactTable).show(said, short_facts(row, self._scene), long_facts(row), row.need)

    def typed(self, text: str) -> None:
        if self._all is not None:
            self._show(self._scene.in_use)

    def draw(self, item: ModelRow, width: int) -> Sequence[Line]:
        return [Line(cells(item, self._scene, width))]

    # What is done

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        marked = self.rows.current if self.is_mounted else None
        match action:
            case "choose" | "load" | "facts" | "device" | "check" | "rename" | "remove":
                # With the focus on a job, what is marked is that.
                if marked is None or self.strip.has_focus:
                    return None
                return None if action == "load" and self._scene.state(marked) is State.LOADED else True
            case "jobs":
                return self.can_go_to_jobs
            case "unload":
                return True if self._scene.status.model is not None or self._scene.status.loading else None
        return True

    def commands(self) -> Iterator[SystemCommand]:
        from tui.screens.devices import DevicesScreen

        yield from super().commands()
        what = "What models can run on here, what of it is missing, and what is compiled."
        yield SystemCommand("Devices", what, lambda: self.app.push_screen(DevicesScreen(self._services)))

    def answer(self, item: ModelRow) -> str | None:
        return item.name if self._use(item) else None

    def leave(self) -> None:
        name = self._loaded_here
        self.dismiss(self._services.active.present_name(name) if name is not None else None)

    def action_load(self) -> None:
        if (row := self.rows.current) is not None and self._use(row):
            self._loaded_here = row.name
            self.look()

    def _use(self, row: ModelRow) -> bool:
        """Load a model that is not loaded; False, and that said, where it cannot be used."""
        if self._scene.state(row) in (State.LOADED, State.LOADING):
            return True
        if row.problem is not None:
            # The row has two words for it, and its details, where they are seen, the whole sentence.
            why = with_present_keys(self.app, str(row.problem)) if self.has_class("-short") else "its details say why."
            self.say(f"{row.name} cannot be used: {why}", "error")
            return False
        self._load(row)
        return True

    def _load(self, row: ModelRow, device: str | None = None) -> None:
        self._scene.asked = row.name
        self._services.active.use(row.name, device)

    def action_unload(self) -> None:
        self._services.active.unload()
        self.look()

    def look(self) -> None:
        self.query_one(Notice).fade()
        self._scene.status = status = self._services.active.status
        if status.unloaded:
            self._loaded_here = None
        self._draw()

    def to_convert(self) -> tuple[str, bool]:
        row = self.rows.current
        return row.to_convert if row is not None and not self.strip.has_focus else super().to_convert()

    def row_in(self, folder: Path) -> ModelRow | None:
        rows = self._all or ()
        model = found_in(folder, [row.model for row in rows])
        return next((row for row in rows if row.model is model), None)

    def device_of(self, row: ModelRow) -> str:
        return self._scene.device(row.name)

    @changes_screen
    def action_facts(self) -> None:
        if (row := self.rows.current) is not None:
            self.app.push_screen(ModelFactsScreen(row, self._scene, self._reader.options_of(row)))

    def action_sort(self) -> None:
        shown = columns(self.rows.scrollable_content_region.width - _MARKS)
        steps = [None, *shown]
        at = steps.index(self._sorted_by) if self._sorted_by in steps else 0
        self._sorted_by = steps[(at + 1) % len(steps)]
        self.query_one(Notice).fade()
        marked = self.rows.current
        self._show(marked.name if marked is not None else "")

    @changes_screen
    @work
    async def action_device(self) -> None:
        row = self.rows.current
        if row is None:
            return
        gone = self._scene.device(row.name)
        text = f"{gone}, where it was to run, is not here now." if self._scene.is_gone(gone) else ""
        device = await ask_device(self.app, self._services, row.name, text)
        if device is None:
            return
        await asyncio.to_thread(self._services.active.give_device, row.name, device)
        self._scene.given = {**self._scene.given, row.name: device}
        if self._scene.state(row) in (State.LOADED, State.LOADING):
            self._load(row, device or None)
        self.look()


def _where() -> str:
    # Those of the file as it is: the app's own settings follow it a moment later.
    own = ", ".join(visible(str(each)) for each in (paths.models_dir(), *added_folders()))
    return f"Models are looked for in {own} and in the Hugging Face cache."
