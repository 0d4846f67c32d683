"""A token that may come, in one row: its text, a bar, and its share in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.style import Style

from tui.widgets.token_text import quoted

if TYPE_CHECKING:
    from tui.engine.candidates import Candidate

_TEXT = 14  # columns of the text, at most; 2 of 5 of the row where that is less
_SHARE = 7  # "100.0 %"


def share_row(candidate: Candidate, width: int, bar_style: Style | str = "") -> Content:
    """The row, of `width` columns."""
    text = Content(quoted(candidate.text)).truncate(min(_TEXT, width * 2 // 5), ellipsis=True, pad=True)
    room = max(0, width - text.cell_length - _SHARE - 3)
    bar = ("█" * round(candidate.probability * room) or "▏").ljust(room)[:room]
    share = f"{100 * candidate.probability:.1f} %".rjust(_SHARE)
    return Content.assemble(" ", text, " ", (bar, bar_style), " ", share)
