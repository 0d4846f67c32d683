"""The characters of the prompt's text: which ones its document holds in another form, and how it shows them.

A terminal must never be sent a control character, and Textual's document breaks lines at eight of them that are no line
ends. So the document holds such a character as a private one of one cell, shows it as a picture, and gives it back as
it was. Nothing is lost.
"""

from __future__ import annotations

import re

from tui.widgets.visible import SHOWN

# Noncharacters: Unicode sets them aside for use inside a program. They stand around and inside a paste's label.
OPEN, CLOSE, SPACE = "\ufdd0", "\ufdd1", "\ufdd2"
TOKEN = re.compile(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}")

# What a terminal is not sent, but for tab and new line, and the two line ends that Unicode has added.
_CONTROLS = [*(code for code in SHOWN if chr(code) not in "\t\n"), 0x2028, 0x2029]
_FIRST_HELD = 0x10FE00  # in a private plane that nobody writes in
_HELD = {code: _FIRST_HELD + index for index, code in enumerate(_CONTROLS)}
_ORIGINAL = {held: code for code, held in _HELD.items()}
# Text that comes in has no claim on what is held back for the document.
_INCOMING = {**_HELD, **dict.fromkeys([*_ORIGINAL, ord(OPEN), ord(CLOSE), ord(SPACE)], 0xFFFD)}
_SHOWN: dict[int, int | str] = {
    **{held: SHOWN.get(code, 0xFFFD) for held, code in _ORIGINAL.items()},
    ord(OPEN): "[",
    ord(CLOSE): "]",
    ord(SPACE): " ",
}


def with_plain_line_ends(text: str) -> str:
    """Every line end as \\n: terminals paste carriage returns, files of Windows have both characters."""
    # Not by a regular expression: in half a million lines, that took a quarter of a second.
    return text.replace("\r\n", "\n").replace("\r", "\n")


def hold(text: str) -> str:
    """What the document holds for `text`, which has plain line ends."""
    return text.translate(_INCOMING)


def release(held: str) -> str:
    """The text that the document's `held` stands for."""
    return held.translate(_ORIGINAL)


def shown(held: str) -> str:
    """How `held` is shown: as many characters, each one safe to send to a terminal."""
    return held.translate(_SHOWN)
