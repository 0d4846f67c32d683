from __future__ import annotations

import pytest

from tui.terminal.key_notes import alike, notes, spelled
from tui.terminal.link import Link


@pytest.mark.parametrize(
    ("line", "said", "not_said"),
    [
        (Link(multiplexer="tmux", terminal="kitty"), "tmux's own key", "GNOME"),
        (Link(multiplexer="screen"), "screen's own key", "tmux"),
        (Link(terminal="vte"), "GNOME Terminal", "Mac"),
        (Link(terminal="konsole"), "menu bar", "GNOME"),
        (Link(terminal="apple"), "Use Option as Meta key", "iTerm2"),
        (Link(terminal="iterm2"), "Esc+", "Terminal on a Mac"),
        (Link(terminal="windows-terminal"), "Alt+Enter", "PuTTY"),
        (Link(terminal="putty"), "End for Ctrl+End", "next console"),
        (Link(terminal="linux"), "next console", "GNOME"),
        (Link(terminal="xterm"), "metaSendsEscape", "VS Code"),
        (Link(terminal="vscode"), "sendKeybindingsToShell", "GNOME"),
        (Link(), "GNOME Terminal", "PuTTY"),
        (Link(), "Use Option as Meta key", "VS Code"),
        (Link(), "stty -ixon", "Linux console"),
    ],
)
def test_what_is_known_of_a_terminal(line: Link, said: str, not_said: str) -> None:
    text = "\n".join(note.text for note in notes(line))
    assert said in text
    assert not_said not in text


def test_keys_that_send_the_same() -> None:
    assert "Ctrl+I" in alike(b"\t")
    assert "Ctrl+M" in alike(b"\r")
    assert "Ctrl+H" in alike(b"\x08")
    assert alike(b"\x1b[13u") == ""


@pytest.mark.parametrize(
    ("came", "text"),
    [
        (b"\x1b[A", "ESC [ A"),
        (b"\x00\x01\x1f\x7f \r\n\t", "NUL ^A ^_ DEL SPACE CR LF TAB"),
        ("é中".encode(), "é 中"),
        (b"\xff", "<ff>"),
        ("\x9b".encode(), "<9b>"),
        ("\u202e".encode(), "<202e>"),
    ],
)
def test_bytes_as_they_are_spoken_of(came: bytes, text: str) -> None:
    assert spelled(came) == text
