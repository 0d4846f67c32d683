"""Text not written by us, made safe to draw: control characters and overrides of direction are shown, not obeyed."""

from __future__ import annotations

import re

from tui.terminal.visible import DIRECTION

# Control characters as Unicode's pictures of them. C1 controls and what changes the direction of text have none.
_PICTURES = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
SHOWN = _PICTURES | dict.fromkeys((*range(0x80, 0xA0), *DIRECTION), 0xFFFD)
"""Of each character that a terminal is not sent, what is sent in its place."""
# Of names of files that are not UTF-8; no terminal can be sent one.
_LINE = SHOWN | dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)
_LINES = {code: shown for code, shown in _LINE.items() if chr(code) not in "\n\t"}
_KEPT = 90  # characters
_LONG_WORD = re.compile(r"\S{240,}")  # no path of an ordinary disk
_LINE_ENDS = re.compile("\r\n|\u2028|\u2029")


def visible(text: str) -> str:
    """`text` with its control characters visible; tabs stay, and lines end in one way."""
    return _LINE_ENDS.sub("\n", text).translate(_LINES)


def told(text: str) -> str:
    """A sentence of ours as it is shown: `visible`, and of a word that would fill the screen both ends."""
    return _LONG_WORD.sub(lambda word: f"{word[0][:_KEPT]}…{word[0][-_KEPT:]}", visible(text))


def one_line(text: str) -> str:
    """`text` in one line: whitespace collapsed, control characters visible."""
    return " ".join(text.split()).translate(_LINE)
