"""The picture of a model's memory: in proportion, with its numbers, and readable without colours and Unicode."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from tui.engine.memory_need import MemoryNeed
from tui.terminal.charset import APPROXIMATE
from tui.widgets.memory_picture import MemoryPicture, memory_bar, memory_row

FITS = MemoryNeed(4_000_000_000, 8192, 2_000_000_000, 16_000_000_000)
TOO_MUCH = MemoryNeed(6_000_000_000, 8192, 10_000_000_000, 8_000_000_000)


def test_the_bar_is_in_proportion():
    assert memory_bar(FITS, 16).plain == "████▒▒··········"


def test_where_it_does_not_fit_the_end_of_the_memory_is_marked():
    assert memory_bar(TOO_MUCH, 17).plain == "██████▒▒│▒▒▒▒▒▒▒▒"


@pytest.mark.parametrize("need", [FITS, TOO_MUCH])
def test_its_parts_are_told_apart_in_ascii(need):
    shown = memory_bar(need, 20).plain.encode("ascii", APPROXIMATE).decode()
    assert len(set(shown)) == 3
    assert shown.startswith("#")


@pytest.mark.parametrize(
    "need", [FITS, TOO_MUCH, MemoryNeed(1, 1, 0, 0), MemoryNeed(1, 1, 1, 10**12), MemoryNeed(10**12, 1, 1, 1)]
)
@pytest.mark.parametrize("width", [4, 5, 17, 72])
def test_it_is_never_wider_than_it_may_be(need, width):
    assert memory_bar(need, width).cell_length == width


def test_the_row_has_the_numbers():
    assert memory_row(FITS, 100).plain.endswith("  weights 4.0 GB, KV cache 2.0 GB, 10 GB left")
    assert memory_row(TOO_MUCH, 100).plain.endswith("8.0 GB too much")


@pytest.mark.parametrize("width", [30, 80])
async def test_the_numbers_are_below_the_bar_however_narrow(width):
    class One(App[None]):
        def compose(self) -> ComposeResult:
            yield MemoryPicture(FITS)

    async with One().run_test(size=(width, 20)) as pilot:
        picture = pilot.app.query_one(MemoryPicture)
        lines = ["".join(segment.text for segment in picture.render_line(y)) for y in range(picture.size.height)]
        words = " ".join(" ".join(lines).split())
        assert "weights 4.0 GB ▒ KV cache at 8,192 tokens 2.0 GB · 10 GB left" in words
        picture.show(TOO_MUCH)
        await pilot.pause()
        lines = ["".join(segment.text for segment in picture.render_line(y)) for y in range(picture.size.height)]
        assert "│ 8.0 GB free: 8.0 GB too much" in " ".join(" ".join(lines).split())
