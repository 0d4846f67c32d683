"""Keys that Textual's table of terminal sequences lacks, or that arrive from it under names no binding can spell.

`register()` is called once, before the app runs. Textual has no public way to add a sequence (Textualize/textual
pull request 6577 is open); this is the one place that touches its table.
"""

from __future__ import annotations

from enum import StrEnum

from textual import _ansi_sequences


class _Key(StrEnum):
    """Textual reads a key's name from `.value`."""

    ALT_ENTER = "alt+enter"


# Alt+Enter without an extended keyboard protocol. Unknown to Textual, it would arrive as Enter and send half a prompt.
_ALT_ENTER = ("\x1b\r", "\x1b\n")

OTHER_NEW_LINES = frozenset({"shift+\r", "ctrl+\r", "\r"})
"""Shift, Ctrl and Alt with Enter as xterm's modifyOtherKeys sends them (CSI 27;2;13~ and so on) and Textual names them.

A binding cannot spell these; plain Enter is never among them, it arrives as `enter`.
"""


def register() -> None:
    """Make ESC CR and ESC LF the key `alt+enter`. Calling it again changes nothing."""
    sequences = _ansi_sequences.ANSI_SEQUENCES_KEYS
    assert isinstance(sequences, dict)
    for sequence in _ALT_ENTER:
        sequences[sequence] = (_Key.ALT_ENTER,)
