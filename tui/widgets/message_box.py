"""What every message in the transcript is: a box that can be focused, and a line under its text."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.geometry import Region, Size
from textual.message import Message as Event
from textual.reactive import Reactive
from textual.strip import Strip
from textual.widgets import Static

from tui.store.records import Ended
from tui.terminal.display import with_present_keys
from tui.widgets.message_view import MessageView
from tui.widgets.taken_down import taken_down


class Line(Static):
    """A line about a message. Its drawing is dropped with it, as that of `MessageBox`."""

    @property
    def allow_select(self) -> bool:
        """It is no text of anybody's, unless it says what went wrong."""
        return self.parent is not None and self.parent.has_class("-failed")

    def on_unmount(self) -> None:
        """Gone."""
        self._styles_cache.clear()


class MessageBox(Vertical, can_focus=True):
    """One message. Its left column is empty, or a bar: the user speaks, or the message has the focus."""

    DEFAULT_CSS: ClassVar[str] = """
    MessageBox {
        height: auto;
        padding: 0 0 0 1;
        border-left: blank;
        &.-out-of-context { opacity: 85%; }
        &.-out-of-context:ansi { text-style: dim; }
        &:focus { border-left: thick $accent; }
        & > .end { height: auto; color: $foreground-muted; margin: 0 0 1 0; }
        & > .end:ansi { text-style: dim; }
        &.-failed > .end { color: $text-error; }
        &.-failed > .end:ansi { text-style: none; }
    }
    """
    SPEAKER: ClassVar[str] = ""
    """Who says it, in plain mode, where no colour tells."""
    # As in BlockView: one layout for each change of size, which paints what it changed, and nothing after it.
    virtual_size = Reactive(Size(0, 0), repaint=False)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", "Message above", id="message.above", tooltip="To the message above.", show=False),
        Binding("down", "step(1)", "Message below", id="message.below", tooltip="To the message below.", show=False),
    ]
    # The prompt keeps the focus: a click selects text, or folds the thinking.
    FOCUS_ON_CLICK: ClassVar[bool] = False

    class Left(Event):
        """The user wants to go to the message above (-1) or below (1) the one that has the focus."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self, view: MessageView) -> None:
        super().__init__()
        self.view = view
        self.border_title = self.SPEAKER  # is there where there is a border above
        self.set_class(not view.in_context, "-out-of-context")

    @property
    def message_id(self) -> int:
        """Id of the message."""
        return self.view.message.id

    def end_line(self) -> Content:
        """What is to say of the message, under its text."""
        raise NotImplementedError

    def render_lines(self, crop: Region) -> list[Strip]:
        """A bar and space, the same in every row: drawn once. In plain mode there is a title instead."""
        if self.styles.border_top[0]:
            return super().render_lines(crop)
        return super().render_lines(Region(crop.x, 0, crop.width, 1)) * crop.height

    def post_message(self, message: Event) -> bool:
        """Take a message; as in `BlockView`, not that there is another size."""
        return not isinstance(message, Resize) and super().post_message(message)

    def watch_has_focus(self, has_focus: bool) -> None:
        """Say it in plain mode, too."""
        super().watch_has_focus(has_focus)
        self.border_title = f"{self.SPEAKER} (chosen)" if has_focus else self.SPEAKER

    async def on_mount(self) -> None:
        """What is to say of it."""
        await self.show_end_line()

    def on_unmount(self) -> None:
        """Gone. Textual has a cache whose keys are the caches of widgets: what those hold lives on, 40 kB a turn."""
        self._styles_cache.clear()

    async def show(self, view: MessageView) -> None:
        """Show another place among the siblings, or in or out of context; the text stays."""
        self.view = view
        self.set_class(not view.in_context, "-out-of-context")
        await self.show_end_line()

    async def show_end_line(self) -> None:
        """Bring the line under the text up to date; most messages have none, and a widget less is a widget less."""
        self.set_class(self.view.message.ended is Ended.ERROR, "-failed")
        line = Content(with_present_keys(self.app, self.end_line().plain))
        shown = next(iter(self.query_children(".end").results(Static)), None)
        if shown is None and line:
            await self.mount(Line(line, classes="end"))
        elif shown is not None and line:
            shown.update(line)
        elif shown is not None:
            await taken_down(shown.remove())

    def action_step(self, step: int) -> None:
        """To the message above (-1) or below (1)."""
        self.post_message(self.Left(step))
