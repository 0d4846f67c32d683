"""Text not written by us, as it goes to a terminal line by line: its control characters are shown, not obeyed."""

from __future__ import annotations

DIRECTION = (0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""What changes the direction of text, with which it can look like another one."""
# ESC as ^[, as `cat -v` shows it, which is ASCII: for every terminal and screen reader. C1 controls, which some
# terminals obey as well, as \x9b; what changes the direction of text as \u202e. New line and tab stay.
_SHOWN = (
    {code: f"^{chr(code ^ 0x40)}" for code in (*range(0x20), 0x7F) if chr(code) not in "\n\t"}
    | {code: f"\\x{code:02x}" for code in range(0x80, 0xA0)}
    | {code: f"\\u{code:04x}" for code in DIRECTION}
)


def visible(text: str) -> str:
    """`text` with its control characters and changes of direction made visible, but for new line and tab."""
    return text.translate(_SHOWN)
