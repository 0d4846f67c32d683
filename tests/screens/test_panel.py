"""A panel, as it opens and as the terminal gets another size."""

from __future__ import annotations

from collections.abc import Iterable

from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from tests.screens.host import Host
from tests.waiting import wait_until_async
from tui.screens.panel import Panel


class _Panel(Panel[None]):
    HEADING = "A panel"

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[Size] = []
        self.painted: list[int] = []  # after so many layouts

    def on_mount(self) -> None:
        self.screen_layout_refresh_signal.subscribe(self, lambda _: self.sizes.append(self.outer_size), immediate=True)

    def content(self) -> Iterable[Widget]:
        yield Static("What there is to read.")

    def render_lines(self, crop: Region) -> list[Strip]:
        self.painted.append(len(self.sizes))
        return super().render_lines(crop)


async def test_it_is_laid_out_for_its_size_and_once_more_for_its_scrollbars() -> None:
    panel = _Panel()
    async with Host(panel).run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert panel.classes == {"-wide", "-tall"}
        assert 1 <= len(panel.sizes) <= 2


async def test_it_is_first_painted_with_its_scrollbars() -> None:
    panel = _Panel()
    async with Host(_Panel()).run_test(size=(80, 24)) as pilot:
        pilot.app.push_screen(panel)
        await wait_until_async(lambda: bool(panel.painted))
        assert panel.painted[0] == 1


async def test_it_has_the_classes_of_the_size_that_the_terminal_gets() -> None:
    panel = _Panel()
    async with Host(panel).run_test(size=(80, 24)) as pilot:
        await pilot.resize_terminal(50, 10)
        await pilot.pause()
        assert panel.classes == {"-narrow", "-short"}
        assert panel.query_one(".panel--content").region.bottom == 9
