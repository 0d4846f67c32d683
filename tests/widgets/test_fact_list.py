"""Labels and values below each other, each wrapped in its own column."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.containers import VerticalScroll

from tui.widgets.fact_list import FactList

GROUPS = {
    "": [("Name", "[b]as it is[/]")],
    "Keys": [("Ctrl+C, Super+C", "Copy the selection, else stop."), ("Esc", "Stop.\nIts text stays.")],
}


class Reading(App[None]):
    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield FactList(GROUPS, 8, "bold")


def lines(app: App[None]) -> list[str]:
    strips = app.screen._compositor.render_strips()
    return [text for strip in strips if (text := "".join(segment.text for segment in strip).rstrip())]


async def test_what_is_too_long_is_wrapped_beside_the_other_column() -> None:
    async with Reading().run_test(size=(30, 12)) as pilot:
        assert lines(pilot.app) == [
            "Name      [b]as it is[/]",
            "Keys",
            "Ctrl+C,   Copy the selection,",
            "Super+C   else stop.",
            "Esc       Stop. Its text",
            "          stays.",
        ]
        assert pilot.app.query_one(FactList).size.height == 7  # with the row before the heading


async def test_another_width_wraps_anew() -> None:
    async with Reading().run_test(size=(30, 12)) as pilot:
        await pilot.resize_terminal(60, 12)
        await pilot.pause()
        assert lines(pilot.app)[-2:] == ["Super+C", "Esc       Stop. Its text stays."]
