"""Text not written by us, made safe to draw: control characters and overrides of direction are shown, not obeyed."""

from __future__ import annotations

# Control characters as Unicode's pictures of them. C1 controls and what changes the direction of text have none.
_PICTURES = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
_DIRECTION = (0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
# Of names of files that are not UTF-8; no terminal can be sent one.
_SURROGATES = range(0xD800, 0xE000)
_NO_PICTURE = dict.fromkeys((*range(0x80, 0xA0), *_DIRECTION, *_SURROGATES), 0xFFFD)
_LINE = _PICTURES | _NO_PICTURE
_LINES = {code: shown for code, shown in _LINE.items() if chr(code) not in "\n\t"}


def visible(text: str) -> str:
    """`text` with its control characters visible, but for new line and tab."""
    return text.translate(_LINES)


def one_line(text: str) -> str:
    """`text` in one line: whitespace collapsed, control characters visible."""
    return " ".join(text.split()).translate(_LINE)
