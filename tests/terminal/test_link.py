"""What is told of the line and the terminal from an environment."""

from __future__ import annotations

import pytest

from tui.terminal.link import Link, link

XTERM = {"TERM": "xterm-256color"}
SSH = {"SSH_CONNECTION": "10.0.0.1 50000 10.0.0.2 22"}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, Link()),
        (XTERM, Link(erases_with_colour=True)),
        (XTERM | SSH, Link(remote=True, erases_with_colour=True)),
        (XTERM | {"SSH_TTY": "/dev/pts/1"}, Link(remote=True, erases_with_colour=True)),
        (XTERM | {"SSH_CONNECTION": ""}, Link(erases_with_colour=True)),
        (XTERM | {"KITTY_WINDOW_ID": "1"}, Link(terminal="kitty", erases_with_colour=True)),
        ({"TERM": "xterm-kitty"} | SSH, Link(remote=True, terminal="kitty", erases_with_colour=True)),
        (XTERM | SSH | {"LC_TERMINAL": "iTerm2"}, Link(remote=True, terminal="iterm2", erases_with_colour=True)),
        (XTERM | {"TERM_PROGRAM": "Apple_Terminal"}, Link(terminal="apple", erases_with_colour=True)),
        (XTERM | {"VTE_VERSION": "7200"}, Link(terminal="vte", erases_with_colour=True)),
        (XTERM | {"WT_SESSION": "a-b"}, Link(terminal="windows-terminal", erases_with_colour=True)),
        ({"TERM": "linux"}, Link(terminal="linux", erases_with_colour=True)),
        ({"TERM": "vt220"}, Link()),
        ({"TERM": "screen-256color", "STY": "1.pts"}, Link(multiplexer="screen")),
        ({"TERM": "screen.xterm-256color"} | SSH, Link(remote=True, multiplexer="screen")),
        ({"TERM": "screen-256color-bce"}, Link(multiplexer="screen", erases_with_colour=True)),
        # A terminal's variables are those of whoever started the multiplexer.
        (
            {"TERM": "screen-256color", "TMUX": "/tmp/t,1,0", "KITTY_WINDOW_ID": "1"},
            Link(multiplexer="tmux", erases_with_colour=True),
        ),
        ({"TERM": "tmux-256color"} | SSH, Link(remote=True, multiplexer="tmux", erases_with_colour=True)),
    ],
)
def test_what_an_environment_tells(environment: dict[str, str], expected: Link) -> None:
    assert link(environment) == expected


def test_behind_tmux_the_terminal_is_what_tmux_says() -> None:
    inside = {"TERM": "tmux-256color", "TMUX": "/tmp/t,1,0", "KITTY_WINDOW_ID": "1"}
    assert link(inside, "WezTerm 20240203").terminal == "wezterm"
    assert not link(inside, "WezTerm 20240203").nested
    assert link(inside, "tmux 3.4").nested
    assert link(XTERM | {"KITTY_WINDOW_ID": "1"}, "WezTerm 20240203").terminal == "kitty"


def test_what_follows_from_it_unless_the_settings_say_otherwise() -> None:
    near, far = Link(), Link(remote=True)
    assert (near.refresh(None), far.refresh(None), far.refresh(20)) == (1 / 15, 1 / 5, 1 / 20)
    assert (near.escape_delay(None), far.escape_delay(None), far.escape_delay(30)) == (0.05, 0.15, 0.03)
    assert [near.mouse(setting) for setting in ("auto", "on", "off")] == [True, True, False]
    assert [far.mouse(setting) for setting in ("auto", "on", "off")] == [False, True, False]
    in_screen = Link(multiplexer="screen")
    assert [in_screen.mouse(setting) for setting in ("auto", "on", "off")] == [False, True, False]
