"""The keys with which models are managed: a folder is added, the marked model gets another name or leaves the list."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work
from textual.binding import BindingType
from textual.widgets import Input

from tui.chat.model_texts import short_path
from tui.engine.errors import OvchatError
from tui.library.amounts import names_text
from tui.library.jobs import Kind
from tui.screens.jobs_panel import JobsPanel, models_key
from tui.screens.model_row import ModelRow
from tui.screens.models_managing import Removing, ask_for_folder, ask_for_name, ask_to_remove
from tui.screens.models_reading import RowReader
from tui.screens.type_ahead import changes_screen
from tui.store.errors import StoreError
from tui.widgets.job_lines import job_news
from tui.widgets.jobs_strip import JobsStrip

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel

    from tui.engine.model_files import ModelFiles
    from tui.library.findings import Examination
    from tui.screens.services import Services


class ManagingPanel(JobsPanel[str, ModelRow]):
    """The panel with a list of models. A subclass has `MANAGING_KEYS` among its keys.

    Args:
        services: The models, the one in use and the settings.
        then: As `JobsPanel`.
    """

    def __init__(self, services: Services, then: str = "") -> None:
        super().__init__(services, then)
        self._reader = RowReader(services)
        # By folder, what came of deep checks, and the files that were checked.
        self._deep: dict[Path, tuple[ModelFiles | None, Examination]] = {}

    @abstractmethod
    async def look_again(self, folder: Path | None = None) -> ModelRow | None:
        """List what is here now, with the model in `folder` marked if the filter shows it; its row, None for none."""

    @abstractmethod
    def look(self) -> None:
        """Look at the model in use: something has been done with it."""

    @abstractmethod
    def row_in(self, folder: Path) -> ModelRow | None:
        """The row of the model in a folder, whether the filter shows it or not; None for none. Looks at the disk."""

    @abstractmethod
    def device_of(self, row: ModelRow) -> str:
        """Where a model is to run; "" for the best device here."""

    @changes_screen
    def action_check(self) -> None:
        from tui.screens.doctor import DoctorScreen

        if (row := self.rows.current) is not None:
            files, before = self._deep.get(row.model.path, (None, None))
            before = before if files is row.model.files else None  # they have changed since
            options = self._reader.options_of(row)
            self.app.push_screen(DoctorScreen(self._services, row.model, self.device_of(row), options, before))

    @on(JobsStrip.Done)
    def _done(self, event: JobsStrip.Done) -> None:
        job = event.job
        if job.result is None:
            return
        if job.work.kind is Kind.CHECK:
            row = self.row_in(job.result.path)
            self._deep[job.result.path] = (row.model.files if row is not None else None, job.result)
            self.say(*job_news(job))
        else:
            self._take_in(job.work.name, job.result)

    @work
    async def _take_in(self, name: str, result: Examination) -> None:
        row = await self.look_again(result.path)
        name = row.name if row is not None else name
        if not result.is_usable:
            wrong = result.findings[0]
            self.say(f"{name} is here, but cannot be used: {wrong.sentence} {wrong.fix}", "warning")
        elif row is None:
            self.say(f"{name} is here: {short_path(result.path)}.")
        else:
            how = "Enter uses it" if row is self.rows.current else "Esc shows it, the filter does not"
            self.say(f"{name} is here: {how}.")

    @changes_screen
    @work(group="managing")
    async def action_add(self) -> None:
        brought = await ask_for_folder(self.app, self._services)
        if brought is None:
            return
        if brought:
            await self._mark(brought[0].path)
        names = names_text([model.name for model in brought])
        self.say(f"Listed now: {names}." if brought else "Its models are on the list already.")

    async def _mark(self, folder: Path) -> None:
        """Mark what the user has just changed; a filter that would hide it goes."""
        if await self.look_again(folder) is not self.rows.current:
            box = self.query_one(Input)
            with box.prevent(Input.Changed):
                box.value = ""
            await self.look_again(folder)

    @changes_screen
    @work(group="managing")
    async def action_rename(self) -> None:
        if (row := self.rows.current) is None:
            return
        try:
            renamed = await ask_for_name(self.app, self._services, row.model)
        except OvchatError as error:
            self.fail(error)
            return
        if renamed is not None:
            self.look()
            await self._mark(renamed.model.path)
            notices = " ".join(renamed.notices)
            self.say(
                f"{row.name} is {renamed.model.name} now. {notices}".rstrip(), "warning" if notices else "information"
            )

    @changes_screen
    @work(group="managing")
    async def action_remove(self) -> None:
        if (row := self.rows.current) is None:
            return
        try:
            removing = await ask_to_remove(self.app, self._services, row.model, self.say)
        except OvchatError as error:
            self.fail(error)
            return
        if removing is not None:
            # Of the app: the end of an answer may be waited for, and the panel be left meanwhile.
            self.app.run_worker(self._see_to(removing, row), group="managing")

    async def _see_to(self, removing: Removing, row: ModelRow) -> None:
        severity: SeverityLevel = "information"
        try:
            said = await removing.do()
        except (OvchatError, StoreError) as error:
            said, severity = str(error), "error"
        if self not in self.app.screen_stack:
            self.app.notify(said, severity=severity, markup=False)
            return
        self.look()
        await self.look_again(row.model.path)
        self.say(said, severity)


MANAGING_KEYS: list[BindingType] = [
    models_key("alt+a", "add", "Add folder", "List the models of another folder where they are."),
    models_key("alt+r", "rename", "Rename", "Give the marked model another name: its folder is renamed."),
    models_key("alt+x", "remove", "Remove", "Delete the marked model, or take its folder off the list. It asks first."),
    models_key("alt+h", "check", "Check", "What is wrong with the marked model, and what to do about it."),
]
