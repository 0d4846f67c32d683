"""What is known of keys that never arrive, or arrive as others: by terminal, with what to do about it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from tui.terminal.link import Link

_ALIKE = {
    b"\r": "Ctrl+M sends the same.",
    b"\n": "Many terminals send the same for Ctrl+Enter.",
    b"\t": "Ctrl+I sends the same.",
    b"\x7f": "Some terminals send the same for Ctrl+Backspace.",
    b"\x08": "Ctrl+H sends the same.",
    b"\x1b": "Ctrl+[ sends the same.",
    b"\0": "Ctrl+Space and Ctrl+@ send the same.",
    b"\x1f": "Ctrl+/, Ctrl+- and Ctrl+_ may send the same.",
    b"\x1b\r": "Some terminals send the same for Shift+Enter.",
    b"\x1b[4~": "Where End sends this, Ctrl+End may do so, too.",
}


@dataclass(frozen=True, slots=True)
class Note:
    """What becomes of some keys somewhere.

    Attributes:
        terminals: Where, as `Link.terminal` and `Link.multiplexer` call it; none for everywhere.
        keys: Which, by the names that bindings have; of letters with Alt one stands for all.
        text: What, and what to do.
    """

    terminals: tuple[str, ...]
    keys: tuple[str, ...]
    text: str


_NOTES = (
    Note(("tmux",), ("ctrl+b",), "Ctrl+B is tmux's own key: press it twice for what is in tmux."),
    Note(
        ("tmux",),
        ("escape",),
        "tmux holds Esc back, up to version 3.4 for half a second: set -sg escape-time 10 in ~/.tmux.conf.",
    ),
    Note(("tmux",), ("shift+enter",), "tmux sends Enter for Shift+Enter, but with: set -s extended-keys always."),
    Note(("screen",), ("ctrl+a",), "Ctrl+A is screen's own key: press Ctrl+A, then a."),
    Note(("screen",), ("escape",), "screen holds Esc back until the next key as long as the mouse is ovchat's: Alt+M."),
    Note(
        ("vte",),
        ("f1", "f10", "f11"),
        "GNOME Terminal and its kin open their help with F1, their menu with F10, and F11 is full screen: "
        "Preferences, Shortcuts.",
    ),
    Note(
        ("vte", "konsole"),
        ("alt+e",),
        "Alt and a letter opens a menu where there is a menu bar: hide it, or turn off its access keys.",
    ),
    Note(
        ("xterm",),
        ("alt+e",),
        "Within tmux or screen, xterm types another letter for Alt and a letter: XTerm*metaSendsEscape: true.",
    ),
    Note(
        ("apple",),
        ("alt+e",),
        "On a Mac, Option and a letter types another character: Settings, Profiles, Keyboard, Use Option as Meta key.",
    ),
    Note(
        ("iterm2",),
        ("alt+e",),
        "In iTerm2, Option and a letter types another character: Settings, Profiles, Keys, Left Option key: Esc+.",
    ),
    Note(
        ("apple", "iterm2"),
        ("f1",),
        "On a Mac, F1 to F12 are keys of the system: with Fn they arrive, or as the keyboard's settings say.",
    ),
    Note(
        ("apple",),
        ("pageup", "pagedown"),
        "Terminal on a Mac scrolls its own window with Page Up and Page Down: with Shift they arrive.",
    ),
    Note(
        ("windows-terminal",),
        ("alt+enter", "f11"),
        "Windows Terminal goes full screen with Alt+Enter and F11: Settings, Actions. Ctrl+J begins a line, too.",
    ),
    Note(
        ("windows-terminal",),
        ("alt+left", "alt+right"),
        "Windows Terminal goes from pane to pane with Alt and an arrow, where there are several.",
    ),
    Note(
        ("putty", "linux"),
        ("ctrl+end",),
        "PuTTY and the Linux console send End for Ctrl+End, or nothing: Page Down goes there, too.",
    ),
    Note(
        ("xterm",), ("alt+enter",), "xterm makes itself full screen with Alt+Enter: XTerm*omitTranslation: fullscreen."
    ),
    Note(
        ("rxvt",),
        ("alt+s",),
        "rxvt-unicode searches its scrollback with Alt+S; Esc ends that: URxvt.searchable-scrollback:.",
    ),
    Note(("putty",), ("alt+enter",), "PuTTY may take Alt+Enter for full screen: Window, Behaviour."),
    Note(("linux",), ("alt+left", "alt+right"), "The Linux console goes to the next console with Alt and an arrow."),
    Note(
        ("vscode",),
        ("ctrl+f", "ctrl+n", "ctrl+p", "ctrl+g", "ctrl+r", "f1", "f3", "f5", "f6"),
        "VS Code keeps many keys, until terminal.integrated.sendKeybindingsToShell is on.",
    ),
    Note(
        (),
        ("ctrl+q",),
        "Where Ctrl+S stops the screen, something between holds it until Ctrl+Q: stty -ixon turns that off.",
    ),
)
_ALT_LETTER, _ANY_ALT = re.compile(r"alt\+[a-z]"), "alt+e"
_TOLD = ("vte", "apple", "windows-terminal")
"""The terminals of most people, for where it cannot be told which one it is."""


def notes(line: Link) -> Iterator[Note]:
    """What is known of keys at the end of this line."""
    here = {line.multiplexer, *((line.terminal,) if line.terminal else _TOLD)}
    return (note for note in _NOTES if not note.terminals or here & set(note.terminals))


def notes_of(line: Link, keys: Collection[str]) -> Iterator[Note]:
    """What is known of these keys, by their names, at the end of this line; nothing where nobody knows what it is."""
    wanted = {_ALT_LETTER.sub(_ANY_ALT, key) for key in keys}
    here = {line.multiplexer, line.terminal} - {""}
    return (note for note in _NOTES if here & set(note.terminals) and wanted & set(note.keys))


def alike(came: bytes) -> str:
    """Which other key sends the same bytes; "" where none does."""
    return _ALIKE.get(came, "")


_ASCII = {0x0D: "CR", 0x0A: "LF", 0x09: "TAB", 0x1B: "ESC", 0x20: "SPACE", 0x7F: "DEL", 0: "NUL"}


def spelled(came: bytes) -> str:
    """Bytes as they are spoken of: ESC [ A, ^C, é."""
    return " ".join(_spelled(character) for character in came.decode("utf-8", "surrogateescape"))


def _spelled(character: str) -> str:
    number = ord(character)
    if number < 0x20 or number == 0x7F or character == " ":
        return _ASCII.get(number) or f"^{chr(number + 64)}"
    return character if character.isprintable() else f"<{number & 0xFF:02x}>" if number > 0xD800 else f"<{number:x}>"
