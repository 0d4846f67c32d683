"""An app around one panel: the shipped themes, no animation, and what the panel answered."""

from __future__ import annotations

import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.screen import Screen
from textual.theme import Theme
from textual.widgets import TextArea

from tests.waiting import wait_until_async

NOTHING_YET = object()


class Host(App[None]):
    """Shows `panel` over a screen whose prompt has the focus; `answer` is what it was dismissed with."""

    def __init__(self, panel: Screen[Any], theme: str = "ovchat-dark") -> None:
        super().__init__()
        for path in sorted((Path(__file__).parents[2] / "themes").glob("*.toml")):
            self.register_theme(Theme(**tomllib.loads(path.read_text("utf-8"))))
        self.theme = theme
        self.panel: Any = panel
        self.answer: Any = NOTHING_YET

    def compose(self) -> ComposeResult:
        yield TextArea(compact=True)

    def on_mount(self) -> None:
        self.push_screen(self.panel, self._answered)

    def _answered(self, answer: Any) -> None:
        self.answer = answer

    def text(self) -> str:
        """What is on the screen, as lines of text."""
        strips = self.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


@asynccontextmanager
async def showing(panel: Screen[Any], size: tuple[int, int] = (80, 24)) -> AsyncIterator[tuple[Host, Pilot[None]]]:
    """A panel in a terminal of that size."""
    app = Host(panel)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


@asynccontextmanager
async def listing(panel: Screen[Any], size: tuple[int, int] = (80, 24)) -> AsyncIterator[tuple[Host, Pilot[None]]]:
    """`showing`, once what the panel lists has been read."""
    async with showing(panel, size) as (app, pilot):
        await wait_until_async(lambda: app.panel.rows.items or app.panel.has_class("-empty"))
        await pilot.pause()
        yield app, pilot


async def press(panel: Screen[Any], *keys: str, size: tuple[int, int] = (80, 24)) -> Any:
    """What a panel answers to these keys."""
    async with showing(panel, size) as (app, pilot):
        await pilot.press(*keys)
        await pilot.pause()
        return app.answer


async def look(panel: Screen[Any], *keys: str, size: tuple[int, int] = (80, 24)) -> str:
    """What is on the screen after these keys."""
    async with showing(panel, size) as (app, pilot):
        await pilot.press(*keys)
        await pilot.pause()
        return app.text()


def unnamed_bindings(panel: type[Screen[Any]]) -> list[str]:
    """Bindings of a panel's classes of ours without id, label or tooltip."""
    ours = [cls for cls in panel.__mro__ if cls.__module__.startswith("tui.") and "BINDINGS" in vars(cls)]
    bindings = [binding for cls in ours for binding in vars(cls)["BINDINGS"]]
    return [binding.key for binding in bindings if not (binding.id and binding.description and binding.tooltip)]
