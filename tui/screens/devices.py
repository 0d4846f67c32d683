"""What models can run on here: every device with what its driver tells, and why one is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from tui.chat.device_texts import compiled_text, device_facts, missing_facts
from tui.chat.model_texts import short_path
from tui.engine.errors import OvchatError
from tui.library import compiled_cache
from tui.library.amounts import size_text
from tui.screens.reading_panel import ReadingPanel
from tui.widgets.fact_list import FactList
from tui.widgets.notice import Notice

if TYPE_CHECKING:
    from tui.engine.devices import Survey
    from tui.screens.services import Services

_LABEL_COLUMN = 14


class DevicesScreen(ReadingPanel):
    """The panel. It is there at once, and what drivers tell follows.

    Args:
        services: Asks for the devices.
    """

    HEADING = "Devices"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "delete",
            "clear",
            "Clear the cache",
            id="devices.clear",
            tooltip="Delete what is compiled; models are compiled again when they are loaded.",
        ),
    ]

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._survey: Survey | None = None

    def content(self) -> Iterable[Widget]:
        yield from super().content()
        yield Notice()

    def parts(self) -> Iterable[Widget]:
        yield Static("Asking OpenVINO…")

    def on_mount(self) -> None:
        # What computes in a thread would hold up the first paint.
        self.call_after_refresh(self._look)

    @work
    async def _look(self) -> None:
        self._survey = await asyncio.to_thread(self._services.survey)
        await self._show()

    async def _show(self) -> None:
        if self._survey is None:
            return
        used = await asyncio.to_thread(compiled_cache.total)
        groups = {
            device.name + (" (auto)" if device.name == self._survey.auto else ""): device_facts(device)
            for device in self._survey.devices
        }
        groups |= {missing.name: missing_facts(missing) for missing in self._survey.missing}
        limit = compiled_cache.limit_in(self._services.settings)
        groups["Compiled models"] = [
            ("On the disk", compiled_text(used, limit)),
            ("Folder", short_path(compiled_cache.root())),
        ]
        async with self._text.batch():
            await self._text.remove_children()
            await self._text.mount(FactList(groups, _LABEL_COLUMN))

    @work(group="clear", exclusive=True)
    async def action_clear(self) -> None:
        notice = self.query_one(Notice)
        try:
            freed = await asyncio.to_thread(compiled_cache.clear)
        except OvchatError as error:
            notice.say(str(error), "error")
            return
        notice.say(f"Deleted: {size_text(freed)}." if freed else "There is nothing to delete.")
        await self._show()
