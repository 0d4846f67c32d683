"""What TERM says of a terminal."""

from __future__ import annotations

import os

import pytest

from tui.terminal.term import colours, draws


@pytest.mark.skipif(os.name == "nt", reason="its console has no TERM")
def test_whether_a_screen_can_be_drawn() -> None:
    assert not any(draws({"TERM": term}) for term in ("dumb", "", "unknown"))
    assert not draws({})
    assert all(draws({"TERM": term}) for term in ("linux", "vt100", "xterm", "screen", "tmux-256color"))


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "truecolor"),
        ({"TERM": "linux", "COLORTERM": "24bit"}, "truecolor"),
        ({"TERM": "xterm-direct"}, "truecolor"),
        ({"TERM": "xterm-256color"}, "256"),
        ({"TERM": "screen-256color"}, "256"),
        ({"TERM": "xterm-kitty"}, "256"),
        ({"TERM": "alacritty"}, "256"),
        ({"TERM": "foot-extra"}, "256"),
        ({"TERM": "xterm"}, "standard"),
        ({"TERM": "screen"}, "standard"),
        ({"TERM": "linux"}, "standard"),
        ({"TERM": "vt100"}, "standard"),
        ({}, "standard"),
    ],
)
def test_how_many_colours(environment: dict[str, str], expected: str) -> None:
    assert colours(environment) == expected
