"""What a model thought before it answered: one line that unfolds."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from tui.widgets.message_box import Line
from tui.widgets.message_view import capped, duration, more_line
from tui.widgets.plain_text import PlainText
from tui.widgets.visible import visible


class Thinking(Vertical):
    """The thinking of one answer. While it is folded, text is kept, not drawn."""

    DEFAULT_CSS: ClassVar[str] = """
    Thinking {
        height: auto;
        margin: 0 0 1 0;
        color: $foreground-muted;
        & > Static { height: auto; }
        & > PlainText { margin: 0 0 0 2; color: $foreground-muted; }
        &:ansi > Static, &:ansi > PlainText { text-style: dim; }
        &.-folded > PlainText { display: none; }
    }
    """
    folded: reactive[bool] = reactive(True, toggle_class="-folded")
    """Only the line is shown."""

    def __init__(self, text: str = "", line: str = "Thinking…", *, folded: bool = True) -> None:
        super().__init__()
        self.text = text.lstrip("\n")
        self._line = line
        self._ready = False
        self._thoughts: PlainText | None = None
        self.set_reactive(Thinking.folded, folded)
        self.set_class(folded, "-folded")

    def compose(self) -> ComposeResult:
        """The line; the thoughts come when they are unfolded."""
        yield Line(self._heading(), classes="thought-line")

    async def on_mount(self) -> None:
        """An unfolded one is drawn at once."""
        self._ready = True
        self._show_line()  # it may have been unfolded since the line was made
        await self._draw()

    async def add(self, text: str, seconds: float) -> None:
        """Add thoughts; `seconds` is how long the thinking takes so far."""
        self.text = (self.text + text).lstrip("\n")
        self.say(f"Thinking… {duration(seconds // 1)}" if seconds >= 1 else "Thinking…")
        await self._draw()

    async def show_text(self, text: str) -> None:
        """Show these thoughts in place of others; nothing is drawn anew where they are the same."""
        self.text = text.lstrip("\n")
        await self._draw()

    def say(self, line: str) -> None:
        """Say in one line what the thinking is or was."""
        if line != self._line:
            self._line = line
            self._show_line()

    async def watch_folded(self) -> None:
        """Draw what was gathered while it was folded."""
        if self._ready:
            self._show_line()
            await self._draw()

    def on_click(self, event: events.Click) -> None:
        """A click on the line folds or unfolds."""
        if event.widget is not None and event.widget.has_class("thought-line"):
            event.stop()
            self.folded = not self.folded

    def _heading(self) -> Content:
        return Content(f"{'▸' if self.folded else '▾'} {self._line}")

    def _show_line(self) -> None:
        self.query_one(".thought-line", Static).update(self._heading())

    async def _draw(self) -> None:
        if self.folded or not self._ready:
            return
        text, more = capped(self.text)
        text = visible(text.rstrip("\n")) + (f"\n{more_line(more)}" if more else "")
        if self._thoughts is None:
            self._thoughts = PlainText(text)
            await self.mount(self._thoughts)
        else:
            self._thoughts.show(text)
