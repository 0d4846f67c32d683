"""Control characters and changes of direction, as they go to a terminal line by line and to the screen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tui.terminal import visible as in_lines
from tui.widgets import visible as on_screen

CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t\r"]
DIRECTIONS = ["\u200e", "\u200f", "\u202a", "\u202e", "\u2066", "\u2069"]


@pytest.mark.parametrize("visible", [in_lines.visible, on_screen.visible])
def test_none_is_let_through_and_what_is_text_is(visible: Callable[[str], str]) -> None:
    for character in (*CONTROLS, *DIRECTIONS):
        assert character not in visible(f"a{character}b")
    text = "words\n\tand 漢字, עברית"
    assert visible(text) == text
