"""A scrolled column that follows its end until the reader scrolls up, and then keeps what he reads where it is."""

from __future__ import annotations

import math
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Region, Size
from textual.layout import DockArrangeResult
from textual.reactive import Reactive, reactive
from textual.scrollbar import ScrollBar
from textual.strip import Strip
from textual.widget import Widget

from tui.terminal.display import with_present_keys
from tui.widgets.quick_scrollbar import QuickScrollBar


class _Mark(Widget):
    """There is new text below."""

    def render(self) -> Content:
        return Content(with_present_keys(self.app, "↓ new text below, Ctrl+End"))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        if isinstance(self.parent, FollowingScroll):
            self.parent.follow_end()


class FollowingScroll(VerticalScroll, can_focus=False):
    """Widgets top to bottom. Textual's own anchor follows too, but keeps no place, and cannot end before the end."""

    DEFAULT_CSS: ClassVar[str] = """
    FollowingScroll {
        layers: default mark;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        scrollbar-color: $border-blurred;
        scrollbar-color-hover: $foreground-muted;
        scrollbar-color-active: $foreground-muted;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
        & > _Mark {
            layer: mark;
            dock: bottom;
            width: 100%;
            height: 1;
            text-align: center;
            color: $foreground-muted;
            background: $panel;
            display: none;
        }
        &.-text-below > _Mark { display: block; }
    }
    """
    following: reactive[bool] = reactive(True)
    """The end stays in sight."""
    text_below: reactive[bool] = reactive(False, toggle_class="-text-below")
    """Something was added below what can be seen."""

    # One layout for each change of what it holds, and no layout and no painting after it: where the scrollbar comes,
    # that asks for one.
    virtual_size = Reactive(Size(0, 0), repaint=False)

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[tuple[Widget, int]] = []  # what was laid out last, with its first row
        self._bar: QuickScrollBar | None = None
        self._goal: Widget | None = None  # what to begin the view with, once it is laid out

    def compose(self) -> ComposeResult:
        """Nothing but the mark in the last row."""
        yield _Mark()

    @property
    def ends_here(self) -> bool:
        """The last widget is the end of all there is."""
        return True

    @property
    def is_at_end(self) -> bool:
        """The end of all there is can be seen."""
        return self.ends_here and self.scroll_y >= self.max_scroll_y

    @property
    def vertical_scrollbar(self) -> QuickScrollBar:
        """The scrollbar, made when it is first asked for."""
        if self._bar is None:
            # Textual keeps the name to itself, and has no other place for a scrollbar.
            self._vertical_scrollbar = self._bar = QuickScrollBar()
            self._bar.display = False
            self.app._start_widget(self, self._bar)
        return self._bar

    async def scrolled(self) -> None:
        """The reader is somewhere else, or there are other rows around him."""

    def follow_end(self) -> None:
        """Go to the end and stay there."""
        self.following = True
        self.refresh(layout=True)

    def begin_with(self, widget: Widget) -> None:
        """Go to `widget`, which may be just being mounted."""
        self.following = False
        self._goal = widget
        self.refresh(layout=True)

    def added_below(self) -> bool:
        """Something was added at the end; True if that is in sight."""
        # Scrolling down at the very end moves nothing, so that nothing else tells that the end is followed again.
        if self.is_at_end:
            self.following = True
        self.text_below = not self.following
        return self.following

    def watch_following(self, following: bool) -> None:
        """At the end there is nothing below."""
        if following:
            self.text_below = False

    def release_anchor(self) -> None:
        """The reader scrolls (every way of scrolling comes through here)."""
        super().release_anchor()
        if self.max_scroll_y > 0:
            self.following = False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """At the end again: follow it."""
        super().watch_scroll_y(old_value, new_value)
        self.call_next(self._scrolled)

    async def _scrolled(self) -> None:
        if self.is_at_end:
            self.following = True
        await self.scrolled()

    def action_page_up(self) -> None:
        """A page up, leaving two rows to hold on to."""
        self._page(-1)

    def action_page_down(self) -> None:
        """A page down; at the end, follow it."""
        self._page(1)
        if self.is_at_end:
            self.following = True

    def _page(self, direction: int) -> None:
        rows = direction * max(1, self.size.height - 2)
        self.scroll_to(y=self.scroll_y + rows, animate=False, immediate=True)

    def action_scroll_end(self) -> None:
        """The end."""
        self.follow_end()

    def arrange(self, size: Size, optimal: bool = False) -> DockArrangeResult:
        """Arrange the widgets, and scroll so that the end, or else what the reader looks at, stays in sight.

        Here, because this is the one place where the new rows are known and the scroll position not yet used:
        anywhere later, a wrong frame would be seen first.
        """
        result = super().arrange(size, optimal)
        if optimal:
            return result
        rows = [(placed.widget, placed.region.y) for placed in result.placements if not placed.fixed]
        end = max(0, result.total_region.bottom - size.height)
        y = end if self.following else min(end, self._top_row(dict(rows)))
        self._rows = rows  # before scrolling, which arranges again
        if y != self.scroll_y:
            self.set_scroll(None, y)
            self.set_reactive(Widget.scroll_target_y, y)
            self.vertical_scrollbar.set_reactive(ScrollBar.position, int(8 * y) / 8)  # as it does it itself
        return result

    def _scroll_update(self, virtual_size: Size) -> None:
        with self.vertical_scrollbar.quiet():
            super()._scroll_update(virtual_size)

    def _top_row(self, rows: dict[Widget, int]) -> float:
        """The row that the view begins with, given the new first row of each widget."""
        if self._goal in rows:
            goal, self._goal = self._goal, None
            return rows[goal]
        top = self.scroll_y
        ends = [*(y for _, y in self._rows[1:]), math.inf]
        for (widget, y), end in zip(self._rows, ends, strict=False):
            if widget in rows and end > top:
                return max(0, top + rows[widget] - y)
        return top

    def render_lines(self, crop: Region) -> list[Strip]:
        """Nothing of its own."""
        return []
