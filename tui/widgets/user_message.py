"""A message of the user: plain text, word for word."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from tui.widgets.message_box import MessageBox
from tui.widgets.message_view import MessageView, capped, more_line, place_line, shown


class UserMessage(MessageBox):
    """What the user said. A bar and a shade of its own tell it from the answers."""

    DEFAULT_CSS: ClassVar[str] = """
    UserMessage {
        margin: 0 0 1 0;
        border-left: outer $primary;
        background: $surface;
        color: $text;
        & > .end { margin: 0; }
    }
    """

    def compose(self) -> ComposeResult:
        """The text, and what is to say of it."""
        text, more = capped(self.view.message.text)
        yield from self.head()
        yield Static(Content(shown(text)), classes="said")
        yield Static(self._end(more), classes="end")

    def on_mount(self) -> None:
        """An empty last line takes no row."""
        self._show_end()

    async def show(self, view: MessageView, *, divider: bool) -> None:
        """Show another state of the same message; its text never changes."""
        await super().show(view, divider=divider)
        self._show_end()

    def _show_end(self) -> None:
        line = self._end(capped(self.view.message.text)[1])
        end = self.query_one(".end", Static)
        end.update(line)
        end.display = bool(line)

    def _end(self, more: int) -> Content:
        return Content(" · ".join(part for part in (more_line(more), place_line(self.view)) if part))
