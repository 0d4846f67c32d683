"""The system prompt in one line at the top of the transcript: it is seen that there is one."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.widgets.visible import one_line

_MOST = 500  # characters, more than a terminal is wide


class SystemLine(Static, can_focus=True):
    """The line."""

    DEFAULT_CSS: ClassVar[str] = """
    SystemLine {
        height: 1;
        margin: 0 0 1 0;
        padding: 0 0 0 1;
        border-left: blank;
        color: $text-muted;
        text-wrap: nowrap;
        text-overflow: ellipsis;
        &:ansi { text-style: dim; }
        &:focus { border-left: thick $accent; text-style: underline; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", id="system.open", tooltip="Read and change the system prompt."),
        Binding("down", "leave", "Message below", id="system.below", tooltip="To the first message.", show=False),
    ]
    FOCUS_ON_CLICK: ClassVar[bool] = False
    ALLOW_SELECT: ClassVar[bool] = False

    class Opened(Message):
        """The user wants to read or change it."""

    class Left(Message):
        """The user wants to go to the message below."""

    def say(self, system: str, persona: str) -> None:
        """Show a system prompt, and whose it is; "" for nobody's."""
        whose = f" ({persona})" if persona else ""
        self.update(Content(f"▸ System{whose}: {one_line(system[:_MOST])}"))

    def on_click(self, event: events.Click) -> None:
        """A click opens it."""
        event.stop()
        self.action_open()

    def action_open(self) -> None:
        """Open it."""
        self.post_message(self.Opened())

    def action_leave(self) -> None:
        """To the first message."""
        self.post_message(self.Left())
