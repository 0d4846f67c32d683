"""A message of the user: plain text, word for word."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content

from tui.widgets.message_box import MessageBox
from tui.widgets.message_view import capped, more_line, place_line
from tui.widgets.plain_text import PlainText
from tui.widgets.visible import visible


class UserMessage(MessageBox):
    """What the user said. A bar and a shade of its own tell it from the answers."""

    DEFAULT_CSS: ClassVar[str] = """
    UserMessage {
        margin: 0 0 1 0;
        border-left: outer $primary;
        background: $surface;
        color: $foreground;
        & > .end { margin: 0; }
    }
    """

    SPEAKER: ClassVar[str] = "You"

    def compose(self) -> ComposeResult:
        """The text, word for word."""
        yield PlainText(visible(capped(self.view.message.text)[0]))

    def end_line(self) -> Content:
        """What is left out, and its place among its siblings."""
        more = more_line(capped(self.view.message.text)[1])
        return Content(" · ".join(part for part in (more, place_line(self.view)) if part))
