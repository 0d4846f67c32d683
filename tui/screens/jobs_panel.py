"""A list panel with the long works below its list: what begins them, and what is done when one has ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

from textual import on, work
from textual.binding import Binding
from textual.widgets import Input

from tui.library.amounts import size_text
from tui.library.find import find_models
from tui.library.jobs import Job, Kind, State, Work
from tui.screens.dialogs import ConfirmDialog
from tui.screens.list_panel import ListPanel
from tui.screens.panel import Panel
from tui.screens.type_ahead import changes_screen
from tui.widgets.jobs_strip import JobsStrip
from tui.widgets.notice import Notice

if TYPE_CHECKING:
    from tui.library.progress import Progress
    from tui.screens.services import Services

Result = TypeVar("Result")
Item = TypeVar("Item")

_TICK_S = 0.1
_DISK_S = 3.0  # so often it is looked at what is on the disk of jobs that have stopped
_LEFT = {
    Kind.PULL: "Nothing of it is left here; Alt+P begins it anew.",
    Kind.CONVERSION: "Nothing of it is left here; Alt+C begins it anew.",
    Kind.CHECK: "The model is as it was; Alt+H checks it again.",
}
_FINISHED = "another ovchat has finished it."
_GONE = "is not listed any more: what was fetched for it was used or deleted elsewhere."
_SHARED = "What was fetched stays for another one."


class JobsPanel(ListPanel[Result, Item], Generic[Result, Item]):
    """The panel. A subclass puts `strip` into its content.

    Args:
        services: The long works, and where models are.
        then: What is opened over it at once: "pull", "convert" or "".
    """

    def __init__(self, services: Services, then: str = "") -> None:
        super().__init__()
        self._services = services
        self._jobs = services.jobs
        self._then = then
        self._asked_about: Job | None = None
        self.strip = JobsStrip(services.jobs)

    def to_convert(self) -> tuple[str, bool]:
        """What the form for a conversion begins with, "" for nothing, and whether that only lacks its tokenizer."""
        return "", False

    def on_mount(self) -> None:
        # It takes the time that painting needs.
        self.call_after_refresh(self._follow_unfinished)
        if self._then:
            self.call_after_refresh(self.run_action, self._then)

    @work
    async def _follow_unfinished(self) -> None:
        """List what earlier runs have left, and what becomes elsewhere of that and of what has stopped here."""
        for left, progress in await asyncio.to_thread(self._unfinished):
            self._jobs.add_paused(left, progress)
        while self.is_attached:  # it may have been closed meanwhile
            for job in await asyncio.to_thread(self._jobs.look_at_stopped):
                found = await asyncio.to_thread(find_models, self._services.models.places)
                kind, name = job.work.kind, job.work.name
                is_here = name in (model.name for model in found)
                self.say(f"{name} is here: {_FINISHED}" if is_here else f"The {kind} of {name} {_GONE}")
            self.strip.look()
            await asyncio.sleep(_DISK_S)

    def _unfinished(self) -> list[tuple[Work, Progress]]:
        from tui.library.conversion.begun import is_any_left
        from tui.library.partial import unfinished

        places = self._services.models.places
        if not unfinished(places.models) and not is_any_left(places.models):
            return []
        from tui.library.long_work import unfinished_conversions, unfinished_pulls

        return [*unfinished_pulls(places), *unfinished_conversions(places, self._services.settings)]

    def action_move(self, step: int) -> None:
        if self.strip.has_focus:
            self.strip.move(step)
        else:
            super().action_move(step)

    @property
    def can_go_to_jobs(self) -> bool:
        """There are some, and their keys do not work yet."""
        return self.is_mounted and self.strip.display and not self.strip.has_focus

    @changes_screen
    @work(group="long work", exclusive=True)
    async def action_pull(self) -> None:
        from tui.screens.pull import PullScreen

        await self._let_begin(PullScreen(self._services))

    @changes_screen
    @work(group="long work", exclusive=True)
    async def action_convert(self) -> None:
        from tui.screens.convert import ConvertScreen

        await self._let_begin(ConvertScreen(self._services, *self.to_convert()))

    async def _let_begin(self, panel: Panel[str | None]) -> None:
        """Let the panel begin a job; what was said before leaves its room to that."""
        if await self.app.push_screen_wait(panel) is not None:
            self.query_one(Notice).clear()
        self.strip.look()

    def action_jobs(self) -> None:
        self.strip.focus()

    @on(JobsStrip.Left)
    def _back(self) -> None:
        self.query_one(Input).focus()

    @on(JobsStrip.GivenUp)
    @work
    async def _give_up(self, event: JobsStrip.GivenUp) -> None:
        job = event.job
        if job is self._asked_about:  # a key that was pressed twice
            return
        self._asked_about = job
        try:
            if not await self._agreed(job):
                return
        finally:
            self._asked_about = None
        left = _SHARED if self._jobs.is_shared(job) else _LEFT[job.work.kind]
        self._jobs.cancel(job)
        self.strip.look()
        while self._jobs.has(job) and job.state is not State.FAILED:
            await asyncio.sleep(_TICK_S)
        self.strip.look()
        if not self._jobs.has(job) and job.state is not State.DONE:  # else there is another end to tell of
            self.say(f"The {job.work.kind} of {job.work.name} is given up. {left}")

    async def _agreed(self, job: Job) -> bool:
        """Ask where something that was fetched would be deleted."""
        size = 0 if self._jobs.is_shared(job) else await asyncio.to_thread(job.work.size)
        if not size:
            return True
        here = f"{size_text(size)} that were fetched are here, and will be deleted."
        title = f"Give up the {job.work.kind} of {job.work.name}?"
        question = ConfirmDialog(title, here, yes="Give it up", no="Keep it")
        return await self.app.push_screen_wait(question) is True


def models_key(key: str, action: str, label: str, tooltip: str) -> Binding:
    """A key of the list of models, under whose names it is remapped."""
    return Binding(key, action, label, id=f"models.{action}", tooltip=tooltip)


JOBS_KEY = models_key("alt+j", "jobs", "Jobs", "To the pulls and conversions: pause them, go on, give them up.")
PULL_KEY = models_key("alt+p", "pull", "Pull", "Get a model from the Hugging Face hub.")
CONVERT_KEY = models_key("alt+c", "convert", "Convert", "Convert a model of Hugging Face's format to OpenVINO's.")
