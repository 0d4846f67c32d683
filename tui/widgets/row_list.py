"""A list of rows, drawn only where they are seen: ten thousand cost what forty do.

Takes items and a function that draws one; knows nothing of what they are. The list never has the focus: the screen has
the keys (`ROW_KEYS`, `RowKeys`), so that a filter box above it can have it. Textual's OptionList measures every option
before it paints: 0.8 s for 10,000.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

Item = TypeVar("Item")

_MARK, _NO_MARK = "› ", "  "
_GAP = 2  # columns between the text and the facts at the right edge
_LEAST_TEXT = 12  # columns; with less left for the text, the facts are left out


@dataclass(frozen=True, slots=True)
class Heading:
    """A row between the items that cannot be chosen."""

    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an item: text, which is cut where it is too long, and facts at the right edge."""

    text: Content
    facts: Content = field(default_factory=Content)


class RowList(ScrollView, Generic[Item], can_focus=False):
    """The rows.

    Args:
        draw: The lines of an item, given the columns there are.
        lines: How many lines every item has.
    """

    DEFAULT_CSS: ClassVar[str] = """
    RowList {
        height: 1fr;
        overflow-x: hidden;
        text-wrap: nowrap;
        scrollbar-size-vertical: 1;
        scrollbar-background: $background;
        scrollbar-color: $border-blurred;
        & > .row-list--heading { color: $text-muted; text-style: italic; }
        & > .row-list--current { background: $primary-muted; text-style: bold; }
        &:ansi > .row-list--current { background: $background; text-style: bold underline; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"row-list--heading", "row-list--current"}

    auto_links: reactive[bool] = reactive(False)  # there are none; their style is asked for with every row
    cursor: reactive[int | None] = reactive(None)

    class Chosen(Message):
        """The current item was clicked."""

    class Refitted(Message):
        """The rows may have another width: that of the list, or a scrollbar came or went."""

    def __init__(self, draw: Callable[[Item, int], Sequence[Line]], *, lines: int = 1) -> None:
        super().__init__()
        self._draw = draw
        self._lines = lines
        self._items: list[Item | Heading] = []
        self._starts: list[int] = []
        self._total = 0

    @property
    def current(self) -> Item | None:
        """The item under the cursor."""
        item = None if self.cursor is None else self._items[self.cursor]
        return None if isinstance(item, Heading) else item

    @property
    def items(self) -> Sequence[Item | Heading]:
        """Everything in the list, headings too."""
        return self._items

    def show(self, items: Sequence[Item | Heading], cursor: int | None = None) -> None:
        """Put `items` in place of what was there, with the cursor on the one of that index, else on the first one."""
        self._items, self._starts, self._total = [], [], 0
        # So that the cursor is drawn and scrolled to anew even where its number stays the same.
        self.set_reactive(RowList.cursor, None)
        self.scroll_to(y=0, animate=False, force=True, immediate=True)
        self._extend(items)
        self.cursor = cursor if cursor is not None and cursor < len(items) else self._item_from(0, 1)

    def append(self, items: Sequence[Item | Heading]) -> None:
        """Add rows at the end; the cursor stays."""
        self._extend(items)
        if self.cursor is None:
            self.cursor = self._item_from(0, 1)

    def move(self, step: int) -> None:
        """Move the cursor by that many items; headings are passed over, the ends are not."""
        if self.cursor is None:
            return
        place, direction = self.cursor, 1 if step > 0 else -1
        for _ in range(abs(step)):
            following = self._item_from(place + direction, direction)
            if following is None:
                break
            place = following
        self.cursor = place

    def move_to(self, place: int | None) -> None:
        """Move the cursor to the item of that index, or the nearest one before or after it."""
        if place is not None and self._items:
            place = min(place, len(self._items) - 1)
            following = self._item_from(place, 1)
            self.cursor = following if following is not None else self._item_from(place, -1)

    def move_to_end(self, direction: int) -> None:
        """Move the cursor to the first item (-1) or the last one (1)."""
        self.cursor = self._item_from(0, 1) if direction < 0 else self._item_from(len(self._items) - 1, -1)

    @property
    def page(self) -> int:
        """How many items a page has."""
        return max(1, self.size.height // self._lines - 1)

    def watch_cursor(self) -> None:
        self.refresh()
        if self.size.height:
            self._reveal()
        else:
            self.call_after_refresh(self._reveal)

    def on_resize(self, event: Resize) -> None:
        self._measure()
        self._reveal()
        self.post_message(self.Refitted())

    def watch_show_vertical_scrollbar(self) -> None:
        self.post_message(self.Refitted())

    def on_click(self, event: Click) -> None:
        line = self.scroll_offset.y + event.y
        if line >= self._total:
            return
        place = bisect_right(self._starts, line) - 1
        if not isinstance(self._items[place], Heading):
            self.cursor = place
            self.post_message(self.Chosen())

    def render_line(self, y: int) -> Strip:
        line = self.scroll_offset.y + y
        width = self.scrollable_content_region.width
        if line >= self._total:
            return Strip.blank(width, self.rich_style)
        place = bisect_right(self._starts, line) - 1
        item = self._items[place]
        if isinstance(item, Heading):
            return self._strip(Content(_NO_MARK + item.text), width, "row-list--heading")
        number = line - self._starts[place]
        # A column stays free before the scrollbar.
        room = max(1, width - len(_MARK) - 1)
        drawn = self._draw(item, room)
        piece = _fitted(drawn[number], room) if number < len(drawn) else Content("")
        if place != self.cursor:
            return self._strip(_NO_MARK + piece, width)
        return self._strip((_NO_MARK if number else _MARK) + piece, width, "row-list--current")

    def _strip(self, content: Content, width: int, *classes: str) -> Strip:
        style = self.get_visual_style(*classes) if classes else self.visual_style
        fitted = content.truncate(width, ellipsis=True, pad=True)
        return Visual.to_strips(self, fitted, width, 1, style, apply_selection=False)[0]

    def _extend(self, items: Sequence[Item | Heading]) -> None:
        for item in items:
            self._items.append(item)
            self._starts.append(self._total)
            self._total += 1 if isinstance(item, Heading) else self._lines
        self._measure()
        self.refresh()

    def _measure(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, self._total)

    def _item_from(self, place: int, direction: int) -> int | None:
        """The first item from there on that is no heading."""
        while 0 <= place < len(self._items):
            if not isinstance(self._items[place], Heading):
                return place
            place += direction
        return None

    def _reveal(self) -> None:
        if self.cursor is None:
            return
        first = self._starts[self.cursor]
        last = first + self._lines
        if self.cursor and isinstance(self._items[self.cursor - 1], Heading):
            first -= 1
        region = Region(0, first, self.size.width, last - first)
        self.scroll_to_region(region, animate=False, force=True, immediate=True)


def _fitted(line: Line, width: int) -> Content:
    """A line of exactly that many columns."""
    room = width - line.facts.cell_length - _GAP
    if not line.facts or room < _LEAST_TEXT:
        return line.text.truncate(width, ellipsis=True, pad=True)
    return line.text.truncate(room, ellipsis=True, pad=True) + " " * _GAP + line.facts


def _key(key: str, action: str, label: str, name: str, tooltip: str) -> Binding:
    # With priority: an Input has keys of that name for scrolling itself, and would be shown with them.
    return Binding(key, action, label, id=f"rows.{name}", tooltip=tooltip, show=False, priority=True)


ROW_KEYS: list[BindingType] = [
    _key("up", "move(-1)", "Up", "up", "The row above."),
    _key("down", "move(1)", "Down", "down", "The row below."),
    _key("pageup", "move_page(-1)", "Page up", "page_up", "A page up."),
    _key("pagedown", "move_page(1)", "Page down", "page_down", "A page down."),
    _key("ctrl+home", "move_to_end(-1)", "First", "first", "The first row."),
    _key("ctrl+end", "move_to_end(1)", "Last", "last", "The last row."),
]


class RowKeys:
    """The actions of `ROW_KEYS`, for a screen with one list."""

    @property
    def rows(self) -> RowList[Any]:
        """The list."""
        raise NotImplementedError

    def action_move(self, step: int) -> None:
        self.rows.move(step)

    def action_move_page(self, direction: int) -> None:
        self.rows.move(direction * self.rows.page)

    def action_move_to_end(self, direction: int) -> None:
        self.rows.move_to_end(direction)
