"""What terminals send for the keys of the app: terminal -> {bytes: key}.

From terminfo (`infocmp -x xterm-256color rxvt-unicode linux screen tmux-256color`), xterm's ctlseqs, kitty's protocol
specification with the flags that Textual asks for (1, 8 and 16), and PuTTY's terminal.c.
"""

from __future__ import annotations

from collections.abc import Mapping

DESIGNED = (
    "enter", "ctrl+j", "alt+enter", "escape", "ctrl+c", "ctrl+q", "ctrl+n", "ctrl+o", "ctrl+p", "ctrl+r", "alt+e",
    "alt+c", "alt+left", "alt+right", "pageup", "pagedown", "alt+v", "ctrl+l", "f1", "f2", "f3", "f4", "f5", "f6",
    "f7", "f8", "f9", "ctrl+f", "ctrl+g", "ctrl+t", "alt+r", "alt+k", "ctrl+end", "alt+g", "alt+m", "alt+s",
)  # fmt: skip
"""The keys of the design's table."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_NOT_COMMANDS = {"ctrl+h", "ctrl+i", "ctrl+m"}  # the bytes of Backspace, Tab and Enter

_ALL = {
    b"\r": "enter",
    b"\x1b": "escape",
    b"\t": "tab",
    b"\x7f": "backspace",
    b" ": "space",
    b"a": "a",
    b"Z": "Z",
    "é".encode(): "é",
    "中".encode(): "中",
    **{bytes([ord(letter) - 96]): f"ctrl+{letter}" for letter in _LETTERS if f"ctrl+{letter}" not in _NOT_COMMANDS},
    b"\x1b[5~": "pageup",
    b"\x1b[6~": "pagedown",
    b"\x1b[2~": "insert",
    b"\x1b[3~": "delete",
    b"\x1b[17~": "f6",
    b"\x1b[18~": "f7",
    b"\x1b[19~": "f8",
    b"\x1b[20~": "f9",
    b"\x1b[21~": "f10",
    b"\x1b[23~": "f11",
    b"\x1b[24~": "f12",
}
_ALT = {
    b"\x1b\r": "alt+enter",
    **{f"\x1b{letter}".encode(): f"alt+{letter}" for letter in _LETTERS if letter not in "bf"},
}
_SS3 = {b"\x1bOP": "f1", b"\x1bOQ": "f2", b"\x1bOR": "f3", b"\x1bOS": "f4", b"\x1b[15~": "f5"}
_NUMBERED = {b"\x1b[%d~" % (10 + number): f"f{number}" for number in range(1, 6)}
_ARROWS = {b"\x1b[A": "up", b"\x1b[B": "down", b"\x1b[C": "right", b"\x1b[D": "left"}
_MODIFIED = {
    b"\x1b[Z": "shift+tab",
    b"\x1b[1;3D": "alt+left",
    b"\x1b[1;3C": "alt+right",
    b"\x1b[1;5F": "ctrl+end",
    b"\x1b[1;5H": "ctrl+home",
    b"\x1b[1;5D": "ctrl+left",
    b"\x1b[1;2A": "shift+up",
    b"\x1b[5;5~": "ctrl+pageup",
}
_ESC_ESC = {b"\x1b\x1b[D": "alt+left", b"\x1b\x1b[C": "alt+right"}
_HOME_LINUX = {b"\x1b[1~": "home", b"\x1b[4~": "end"}
_XTERM = {**_ALL, **_ALT, **_SS3, **_ARROWS, **_MODIFIED, b"\x1b[H": "home", b"\x1b[F": "end"}


def _kitty() -> dict[bytes, str]:
    def letter(key: int, modifiers: int) -> bytes:
        return b"\x1b[%d;%du" % (key, modifiers)

    ctrl = {letter(ord(each), 5): f"ctrl+{each}" for each in _LETTERS}
    alt = {letter(ord(each), 3): f"alt+{each}" for each in _LETTERS}
    return {
        **ctrl,
        **alt,
        b"\x1b[13u": "enter",
        b"\x1b[27u": "escape",
        b"\x1b[9u": "tab",
        b"\x1b[127u": "backspace",
        b"\x1b[32;;32u": "space",
        b"\x1b[97;;97u": "a",
        b"\x1b[122;2;90u": "Z",
        b"\x1b[233;;233u": "é",
        b"\x1b[0;;20013u": "中",  # from an input method
        b"\x1b[13;2u": "shift+enter",
        b"\x1b[13;3u": "alt+enter",
        b"\x1b[13;5u": "ctrl+enter",
        b"\x1b[9;2u": "shift+tab",
        b"\x1b[32;2;32u": "shift+space",
        b"\x1b[D": "left",
        b"\x1b[1;3D": "alt+left",
        b"\x1b[1;3C": "alt+right",
        b"\x1b[1;5F": "ctrl+end",
        b"\x1b[5~": "pageup",
        b"\x1b[6~": "pagedown",
        b"\x1b[P": "f1",
        b"\x1b[Q": "f2",
        b"\x1b[13~": "f3",
        b"\x1b[S": "f4",
        b"\x1b[15~": "f5",
        b"\x1b[17~": "f6",
        b"\x1b[18~": "f7",
        b"\x1b[19~": "f8",
        b"\x1b[20~": "f9",
        # With Num Lock, with Caps Lock, and what goes further than was asked for: another layout's key, a repetition.
        b"\x1b[13;129u": "enter",
        b"\x1b[101;131u": "alt+e",
        b"\x1b[99;69u": "ctrl+c",
        b"\x1b[1;129P": "f1",
        b"\x1b[15;129~": "f5",
        b"\x1b[1;131D": "alt+left",
        b"\x1b[101;3;101u": "alt+e",
        b"\x1b[101:69;3u": "alt+e",
        b"\x1b[99;5:2u": "ctrl+c",
        b"\x1b[1;5:1F": "ctrl+end",
    }


def _modify_other_keys() -> dict[bytes, str]:
    def other(key: int, modifiers: int) -> bytes:
        return b"\x1b[27;%d;%d~" % (modifiers, key)

    ctrl = {other(ord(each), 5): f"ctrl+{each}" for each in _LETTERS}
    alt = {other(ord(each), 3): f"alt+{each}" for each in _LETTERS}
    return {
        **{data: key for data, key in _XTERM.items() if not key.startswith(("ctrl+", "alt+")) or len(key) > 6},
        **ctrl,
        **alt,
        other(13, 2): "shift+enter",
        other(13, 3): "alt+enter",
        other(13, 4): "alt+shift+enter",
        other(13, 5): "ctrl+enter",
        other(9, 2): "shift+tab",
        other(9, 5): "ctrl+tab",
        other(65, 2): "A",
        other(33, 2): "exclamation_mark",
        other(32, 2): "space",
        other(69, 4): "alt+shift+e",
        other(65, 6): "ctrl+shift+a",
    }


TABLES: Mapping[str, Mapping[bytes, str]] = {
    "xterm": _XTERM,
    "xterm, arrows of applications": {
        **_XTERM,
        b"\x1bOA": "up",
        b"\x1bOD": "left",
        b"\x1bOF": "end",
        b"\x1bOH": "home",
        b"\x1bOM": "enter",
        b"\x1bO5P": "ctrl+f1",
        b"\x1bO1;5P": "ctrl+f1",
        b"\x1b[1;2R": "shift+f3",
    },
    "xterm, modifyOtherKeys": _modify_other_keys(),
    "kitty": _kitty(),
    "tmux": {**_ALL, **_ALT, **_SS3, **_ARROWS, **_MODIFIED, **_HOME_LINUX},
    "tmux, extended-keys": {
        **_ALL,
        **_ALT,
        **_SS3,
        **_ARROWS,
        **_MODIFIED,
        **_HOME_LINUX,
        b"\x1b[27;2;13~": "shift+enter",
        b"\x1b[13;2u": "shift+enter",
        b"\x1b[27;3;13~": "alt+enter",
        b"\x1b[13;3u": "alt+enter",
    },
    "screen": {**_ALL, **_ALT, **_SS3, **_ARROWS, **_MODIFIED, **_HOME_LINUX},
    "windows-terminal": {**_XTERM, b"\x1b\n": "alt+enter"},
    "putty": {**_ALL, **_ALT, **_NUMBERED, **_ARROWS, **_HOME_LINUX, **_ESC_ESC, b"\x1b[Z": "shift+tab"},
    "putty, xterm-style bitmap": {**_ALL, **_ALT, **_NUMBERED, **_MODIFIED, **_HOME_LINUX, b"\x1b[4;5~": "ctrl+end"},
    "rxvt": {
        **_ALL,
        **_ALT,
        **_NUMBERED,
        **_ARROWS,
        **_ESC_ESC,
        b"\x1b[Z": "shift+tab",
        b"\x1b[7~": "home",
        b"\x1b[8~": "end",
        b"\x1b[7^": "ctrl+home",
        b"\x1b[8^": "ctrl+end",
        b"\x1b[a": "shift+up",
        b"\x1bOa": "ctrl+up",
        b"\x1bOb": "ctrl+down",
        b"\x1b[3$": "shift+delete",
        b"\x1b[25~": "f13",
    },
    "linux": {
        **_ALL,
        **_ALT,
        **_ARROWS,
        **_HOME_LINUX,
        b"\x1b\t": "shift+tab",
        **{b"\x1b[[%c" % (64 + number): f"f{number}" for number in range(1, 6)},
    },
}

NOT_SENT = {
    "xterm": {"alt+enter"},  # by itself it takes that for full screen
    "windows-terminal": {"alt+enter"},  # by itself it takes that for full screen
    "putty": {"ctrl+end"},  # the same as End
    "linux": {"ctrl+end", "alt+left", "alt+right"},  # the same as End; the next console
}
"""What a terminal keeps for itself, or sends alike, of the keys of the design, as it comes."""
