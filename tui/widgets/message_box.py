"""What every message in the transcript is: a box that can be focused, with a mark where the context begins."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message as Event
from textual.widgets import Static

from tui.widgets.message_view import MessageView

DIVIDER = "↑ no longer in context"


class MessageBox(Vertical, can_focus=True):
    """One message. Its left column is empty, or a bar: the user speaks, or the message has the focus."""

    DEFAULT_CSS: ClassVar[str] = """
    MessageBox {
        height: auto;
        padding: 0 1;
        border-left: blank;
        &.-out-of-context { opacity: 60%; }
        &:focus { border-left: outer $accent; }
        & > .divider { color: $text-muted; margin: 0 0 1 0; text-align: center; border-bottom: none; }
        & > .end { color: $text-muted; margin: 0 0 1 0; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", "Message above", id="message.above", tooltip="To the message above", show=False),
        Binding("down", "step(1)", "Message below", id="message.below", tooltip="To the message below", show=False),
    ]
    # The prompt keeps the focus: a click selects text, or folds the thinking.
    FOCUS_ON_CLICK: ClassVar[bool] = False

    class Left(Event):
        """The user wants to go to the message above (-1) or below (1)."""

        def __init__(self, box: MessageBox, step: int) -> None:
            super().__init__()
            self.box = box
            self.step = step

        @property
        def control(self) -> MessageBox:
            """The message that is left."""
            return self.box

    def __init__(self, view: MessageView, *, divider: bool = False) -> None:
        super().__init__()
        self.view = view
        self._divider = divider
        self.set_class(not view.in_context, "-out-of-context")

    @property
    def message_id(self) -> int:
        """Id of the message."""
        return self.view.message.id

    def head(self) -> list[Static]:
        """The lines above the message."""
        return [Static(DIVIDER, classes="divider", markup=False)] if self._divider else []

    async def show(self, view: MessageView, *, divider: bool) -> None:
        """Show another state of the same message."""
        self.view = view
        self.set_class(not view.in_context, "-out-of-context")
        if divider != self._divider:
            self._divider = divider
            if divider:
                await self.mount_all(self.head(), before=0)
            else:
                await self.query_children(".divider").remove()

    def action_step(self, step: int) -> None:
        """To the message above (-1) or below (1)."""
        self.post_message(self.Left(self, step))
