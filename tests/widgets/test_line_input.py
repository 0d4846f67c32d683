"""A box for one line."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from tui.widgets.line_input import LineInput


class Box(App[None]):
    def compose(self) -> ComposeResult:
        yield LineInput("one two three", select_on_focus=False)


@pytest.mark.parametrize("key", ["ctrl+w", "ctrl+backspace", "alt+backspace"])
async def test_a_word_is_deleted_to_the_left_as_in_a_box_of_several_lines(key: str) -> None:
    app = Box()
    async with app.run_test() as pilot:
        box = app.query_one(LineInput)
        box.cursor_position = len("one two")
        await pilot.press(key)
        assert box.value == "one  three"
        box.cursor_position = 0
        await pilot.press("alt+delete")
        assert box.value.split() == ["three"]
