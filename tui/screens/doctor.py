"""What is wrong with a model, and what to do about it; with a key, what computing with it shows as well."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.chat.model_texts import findings_text, looked_at_text
from tui.engine.errors import OvchatError
from tui.library.findings import Examination, Finding, Severity
from tui.library.jobs import Job, Kind, State
from tui.screens.reading_panel import ReadingPanel
from tui.terminal.display import with_present_keys
from tui.widgets.fact_list import FactList
from tui.widgets.visible import one_line, visible

if TYPE_CHECKING:
    from tui.engine.options import EngineOptions
    from tui.library.local import LocalModel
    from tui.screens.services import Services

_TICK_S = 0.25
_STYLES = {Severity.ERROR: "$text-error", Severity.WARNING: "$text-warning", Severity.NOTE: "$text-primary"}
_WIDTH = max(map(len, Severity))
_DEEPER = "D also computes with it: that takes the time and the memory of loading it twice."


class DoctorScreen(ReadingPanel):
    """The findings.

    Args:
        services: Does the deep check.
        model: Whose files are looked at.
        device: Where it is to run; "" for the best one here.
        options: How it is to be compiled.
        before: What a deep check has found before, if there was one.
    """

    HEADING = "Check"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "d,D",
            "deep",
            "Deep check",
            id="doctor.deep",
            tooltip="Compile it, too, and compare its answer with that of the CPU in f32.",
        ),
        Binding("c,C", "give_up", "Stop", id="doctor.stop", tooltip="Stop the deep check."),
    ]

    DEFAULT_CSS: ClassVar[str] = """
    DoctorScreen {
        .doctor--finding { margin-top: 1; }
        .doctor--looked { margin-top: 1; color: $text-muted; }
        .doctor--going { height: auto; padding: 0 1; color: $text-accent; }
    }
    """

    def __init__(
        self,
        services: Services,
        model: LocalModel,
        device: str,
        options: EngineOptions,
        before: Examination | None = None,
    ) -> None:
        super().__init__()
        self._services = services
        self._model = model
        self._device = device or "auto"
        self._options = options
        self._found = before
        self._is_deep = before is not None
        live = (job for job in services.jobs.all if job.is_live)
        self._job: Job | None = next((job for job in live if self._is_ours(job)), None)

    def _is_ours(self, job: Job) -> bool:
        return job.work.identity == (Kind.CHECK, self._model.name)

    def content(self) -> Iterable[Widget]:
        yield from super().content()
        yield Static("", classes="doctor--going")

    def parts(self) -> Iterable[Widget]:
        yield Static(Content.styled(one_line(self._model.name), "$text-primary"))

    def on_mount(self) -> None:
        self.show_facts("looking …")
        self.call_after_refresh(self._look)  # what computes in a thread would hold up the first paint

    @work
    async def _look(self) -> None:
        if self._found is None:
            try:
                self._found = await asyncio.to_thread(self._examine)
            except OvchatError as error:
                self.show_facts("")
                self._go(str(error))
                return
        await self._show(self._found)
        if self._job is not None:
            self._follow(self._job)

    def _examine(self) -> Examination:
        from tui.library.doctor import examine  # its checks are many modules

        options = self._options
        return examine(self._model.path, context=options.context, kv_cache=options.kv_cache, device=self._device)

    async def _show(self, found: Examination) -> None:
        self.show_facts(findings_text(found) or "nothing found")
        text = self._text
        with self.app.batch_update():
            await text.query(".doctor--finding, .doctor--looked").remove()
            await text.mount(*self._widgets(found))
        self.refresh_bindings()

    def _widgets(self, found: Examination) -> Iterator[Widget]:
        for finding in found.findings:
            facts = FactList({"": _facts(finding)}, _WIDTH, labels=_STYLES[finding.severity])
            facts.add_class("doctor--finding")
            yield facts
        if not found.findings:
            yield Static("Nothing found.", classes="doctor--finding")
        yield Static(Content(visible(looked_at_text(found))), classes="doctor--looked")
        if self._can_go_deeper and not self._is_deep:
            yield Static(Content(with_present_keys(self.app, _DEEPER)), classes="doctor--looked")

    # The deep check

    @property
    def _can_go_deeper(self) -> bool:
        return self._found is not None and self._found.is_usable and self._job is None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "deep":
                return self._can_go_deeper
            case "give_up":
                return self._job is not None
        return True

    def action_deep(self) -> None:
        from tui.library.long_work import check

        work = check(self._model.name, self._model.path, self._device, self._options)
        self._job = self._services.jobs.begin(work)
        self._follow(self._job)
        self.refresh_bindings()

    def action_give_up(self) -> None:
        if self._job is not None:
            self._services.jobs.cancel(self._job)

    @work
    async def _follow(self, job: Job) -> None:
        """Show how the check goes, until it has ended."""
        while job.is_live and job in self._services.jobs.all:
            self._go(self._doing(job))
            await asyncio.sleep(_TICK_S)
        self._job = None
        self._go("")
        if job.error is not None:
            self._go(str(job.error))
        if job.result is not None:
            self._found, self._is_deep = job.result, True
            await self._show(self._found)
        self.refresh_bindings()

    def _doing(self, job: Job) -> str:
        progress = job.progress
        if job.is_stopping:
            return "stopping …"
        if job.state is State.WAITING:
            return "waits for the other check"
        step = f", step {progress.done + 1} of {progress.total}" if progress.total else ""
        detail = f": {progress.detail}" if progress.detail else ""
        seconds = time.monotonic() - job.started
        return f"{progress.doing}{detail}{step}, {seconds:.0f} s. It goes on when you leave."

    def _go(self, text: str) -> None:
        self.query_one(".doctor--going", Static).update(Content(visible(text)))


def _facts(finding: Finding) -> list[tuple[str, str]]:
    said = [(str(finding.severity), f"{finding.sentence} ({finding.code})")]
    return [*said, ("", finding.fix)] if finding.fix else said
