"""The strip of messages that wait."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from tui.widgets.queue import QueueStrip


class OneStrip(App[None]):
    def compose(self) -> ComposeResult:
        yield QueueStrip()


def rows(strip: QueueStrip) -> list[str]:
    return [strip.render_line(y).text.strip() for y in range(strip.content_size.height)] if strip.display else []


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        ([], []),
        (["one"], ["queued: one"]),
        (["one", "two\nmore"], ["queued: one", "queued: two…"]),
        (list("abc"), ["queued: a", "queued: b", "queued: c"]),
        (list("abcde"), ["queued: a", "queued: b", "queued: c (+2 more)"]),
        (["\n\n  first\tline  \nx"], ["queued: first line…"]),
        (["[b]bold[/b] [/oops]"], ["queued: [b]bold[/b] [/oops]"]),
        (["\x1b[31mred"], ["queued: ␛[31mred"]),
        (["x" * 2_000_000], [f"queued: {'x' * 29}…"]),
    ],
)
async def test_rows(texts: list[str], shown: list[str]) -> None:
    app = OneStrip()
    async with app.run_test(size=(40, 12)) as pilot:
        strip = app.query_one(QueueStrip)
        strip.show(["something else"])
        await pilot.pause()
        strip.show(texts)
        await pilot.pause()
        assert rows(strip) == shown
