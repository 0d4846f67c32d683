"""The messages that wait for the answer under way to end, above the prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.content import Content
from textual.widgets import Static

from tui.widgets.visible import one_line

_MOST_ROWS = 3
_LONGEST_ROW = 500  # characters; the terminal's width cuts it anyway


class QueueStrip(Static):
    """One row for each message that waits, three at most. Not there while there is none."""

    DEFAULT_CSS: ClassVar[str] = """
    QueueStrip {
        height: auto;
        padding: 0 1;
        color: $text-muted;
        text-wrap: nowrap;
        text-overflow: ellipsis;
        display: none;
        &.-waiting { display: block; }
    }
    """

    def show(self, texts: Sequence[str]) -> None:
        """Show the messages that wait, the next one first."""
        rows = [f"queued: {_first_line(text)}" for text in texts[:_MOST_ROWS]]
        if more := len(texts) - len(rows):
            rows[-1] += f" (+{more} more)"
        self.update(Content("\n".join(rows)))
        self.set_class(bool(rows), "-waiting")


def _first_line(text: str) -> str:
    line, _, rest = text[: 4 * _LONGEST_ROW].strip().partition("\n")
    return f"{one_line(line)[:_LONGEST_ROW]}{'…' if rest else ''}"
