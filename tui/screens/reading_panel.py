"""A panel to read: more than a screen of it scrolls, with the keys that scroll everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget

from tui.screens.panel import Panel


class ReadingPanel(Panel[None]):
    """The panel. A subclass gives what there is to read in `parts()`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_by(-1)", "Up", id="reading.up", tooltip="A line up.", show=False),
        Binding("down", "scroll_by(1)", "Down", id="reading.down", tooltip="A line down.", show=False),
        Binding("pageup", "scroll_page(-1)", "Page up", id="reading.page_up", tooltip="A page up."),
        Binding("pagedown,space", "scroll_page(1)", "Page down", id="reading.page_down", tooltip="A page down."),
        Binding("home", "scroll_far(-1)", "Top", id="reading.top", tooltip="To the top.", show=False),
        Binding("end", "scroll_far(1)", "End", id="reading.end", tooltip="To the end.", show=False),
    ]

    DEFAULT_CSS: ClassVar[str] = """
    ReadingPanel {
        .reading--text {
            padding: 0 1;
            scrollbar-size-vertical: 1; scrollbar-background: $background; scrollbar-color: $border-blurred;
        }
    }
    """

    def parts(self) -> Iterable[Widget]:
        """What there is to read, from top to bottom."""
        raise NotImplementedError

    def content(self) -> Iterable[Widget]:
        # Without the focus: the keys are the panel's, so that they stand in its last row and can be remapped.
        yield VerticalScroll(*self.parts(), classes="reading--text", can_focus=False)

    @property
    def _text(self) -> Widget:
        """What scrolls."""
        return self.query_one(".reading--text", VerticalScroll)

    def action_scroll_by(self, lines: int) -> None:
        self._text.scroll_relative(y=lines, animate=False)

    def action_scroll_page(self, direction: int) -> None:
        self._text.scroll_relative(y=direction * max(1, self._text.size.height - 1), animate=False)

    def action_scroll_far(self, direction: int) -> None:
        if direction < 0:
            self._text.scroll_home(animate=False)
        else:
            self._text.scroll_end(animate=False)
