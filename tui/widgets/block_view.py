"""Blocks of text in one widget, of which only what changes is laid out and drawn again, and only what is seen.

A widget for each block, as Textual's own Markdown has it, costs more in layout than in drawing: twenty for a typical
answer, and every one of them is arranged again with every token. Here a token draws the last rows again.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual import events
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import Reactive
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget

from tui.widgets.block_copy import selected_text
from tui.widgets.block_layout import Layout, Row, lay_out
from tui.widgets.code_colours import find_colours, known_colours
from tui.widgets.markdown_blocks import Block, language_of

_MOST_STRIPS = 400  # rows whose drawing is kept; those far from what was drawn last go first


class _Drawn:
    """A block at a width: its layout, and those of its rows that were drawn."""

    def __init__(self, block: Block, layout: Layout) -> None:
        self.block = block
        self.layout = layout
        self.strips: dict[int, Strip] = {}

    def take_over(self, before: _Drawn) -> int:
        """Keep what was drawn of the rows that are the same as `before`, from the first on; the number of those."""
        new, old = self.layout, before.layout
        same = new.same
        for row, other in zip(new.rows[same:], old.rows[same:], strict=False):
            if not new.is_same(row, old, other):
                break
            same += 1
        self.strips = {row: strip for row, strip in before.strips.items() if row < same}
        return same


class BlockView(Widget):
    """Blocks, one below the other, at the width there is."""

    DEFAULT_CSS: ClassVar[str] = """
    BlockView {
        height: auto;
        color: $foreground;
        & > .answer--strong { text-style: bold; }
        & > .answer--em { text-style: italic; }
        & > .answer--strike { text-style: strike; }
        & > .answer--title { text-style: bold underline; }
        & > .answer--heading { text-style: bold; }
        & > .answer--link { text-style: underline; }
        & > .answer--muted { color: $foreground-muted; }
        & > .answer--code { background: $surface; }
        & > .answer--code-inline { color: $text-accent; }
        &:ansi > .answer--muted { text-style: dim; }
        &:ansi > .answer--code { background: ansi_default; }
        &:ansi > .answer--code-inline { text-style: bold; }
    }
    """
    # The layout that changes the size paints what it changed. Of another one and of painting it all again, as Textual
    # has it, nothing would come: nothing in it scrolls.
    virtual_size = Reactive(Size(0, 0), repaint=False)
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "answer--strong",
        "answer--em",
        "answer--strike",
        "answer--title",
        "answer--heading",
        "answer--link",
        "answer--muted",
        "answer--code",
        "answer--code-inline",
    }
    ROWS_BELOW: ClassVar[int] = 0
    """Empty rows below the last block."""

    def __init__(self, blocks: Sequence[Block] = (), *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self.blocks = list(blocks)
        """What is shown; `replace` changes it."""
        self._drawn: list[_Drawn] = []
        self._tops: list[int] = []  # first row of each block
        self._lines: list[int] = []  # first line of each block's text, for the selection
        self._height = 0
        self._drawn_width = 0
        self._strips = 0  # kept in _drawn
        self._styles: dict[str, Style] = {}
        self._rich: dict[Style, RichStyle] = {}
        self._blank: Strip | None = None
        self._colouring: set[str] = set()  # code whose colours are being looked for

    def replace(self, kept: int, blocks: Sequence[Block]) -> None:
        """Show `blocks` after the first `kept` ones; no more is laid out and drawn again than what changed."""
        self.blocks[kept:] = blocks
        if not self._drawn_width:
            return
        before, height = self._drawn[kept:], self._height
        del self._drawn[kept:]
        self._fit(self._drawn_width, before[0] if before else None)
        if not before or kept >= len(self._drawn):
            self.refresh(layout=True)
            return
        row = self._tops[kept] + self._drawn[kept].take_over(before[0])
        dirty = Region(0, row, self._drawn_width, max(1, self._height - row))
        # A layout of the whole screen costs more than all the rest, and most tokens add no row.
        self.refresh(dirty, layout=self._height != height)

    # Layout

    def _fit(self, width: int, before: _Drawn | None = None) -> None:
        if width != self._drawn_width:
            self._drawn.clear()
            self._drawn_width = width
        kept = len(self._drawn)
        for block in self.blocks[kept:]:
            old = (before.block, before.layout) if before is not None else None
            self._drawn.append(_Drawn(block, lay_out(block, width, old)))
            before = None
        del self._tops[kept:], self._lines[kept:]
        for index in range(kept, len(self._drawn)):
            above = self._drawn[index - 1].layout if index else Layout()
            gap = bool(index) and not self._drawn[index].block.joined
            self._tops.append((self._tops[-1] if index else 0) + len(above.rows) + gap)
            self._lines.append((self._lines[-1] if index else 0) + len(above.lines) + gap)
        self._height = self._tops[-1] + len(self._drawn[-1].layout.rows) + self.ROWS_BELOW if self._drawn else 0

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """All there is."""
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The rows of all blocks, and those between them."""
        if width != self._drawn_width or len(self._drawn) != len(self.blocks):
            self._fit(width)
        return self._height

    def _size_updated(self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True) -> bool:
        if size.width and size.width != self._drawn_width:
            self._fit(size.width)  # Textual remembers heights: at a width that was there before, it does not ask
        # Else all of it would be drawn again with the next word that comes.
        wanted, self._repaint_regions = self._repaint_regions, set()
        changed = super()._size_updated(size, virtual_size, container_size, layout)
        self._repaint_regions = wanted
        return changed

    def post_message(self, message: Message) -> bool:
        """Take a message; not that there is another size, for which nothing is to be done, with every new row."""
        return not isinstance(message, events.Resize) and super().post_message(message)

    def notify_style_update(self) -> None:
        """Another theme: nothing that was drawn is right."""
        super().notify_style_update()
        self._styles.clear()
        self._rich.clear()
        self._blank = None
        for drawn in self._drawn:
            drawn.strips.clear()
        self._strips = 0
        self.refresh()

    # Drawing

    def render_line(self, y: int) -> Strip:
        """Row `y`, with the place of each piece of it in the text: asked for where the mouse is."""
        index, row = self._at(y)
        if index >= 0:
            return self._strip(index, row, with_places=True)
        # A selection may begin or end between two blocks, or below the last one.
        below = bisect_right(self._tops, y)
        line = self._lines[below] - 1 if below < len(self._lines) else self._lines_end
        return Strip([Segment(" " * self._drawn_width, self.visual_style.rich_style_with_offset(0, line))])

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows in `crop`, as they were drawn.

        Textual keeps drawn rows too, but drops them all with every new size, and an answer has a new size with every
        new row. What it adds to a row (border, padding, hatch, tint) this widget does not have; opacity it has.
        """
        if not self.is_attached:  # it is asked once more while it is taken away with the focus on it
            return [Strip.blank(crop.width)] * crop.height
        if self.opacity != 1.0:
            return super().render_lines(crop)
        selection = self.text_selection
        strips = [self._kept_strip(y) if selection is None else self._selected(y, selection) for y in crop.line_range]
        if self._strips > _MOST_STRIPS + crop.height:
            self._forget_strips(crop)
        if crop.column_span != (0, self._drawn_width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def _at(self, y: int) -> tuple[int, int]:
        """The block that row `y` belongs to, and the row in it; -1 where there is only space."""
        index = bisect_right(self._tops, y) - 1
        row = y - self._tops[index] if index >= 0 else 0
        return (index, row) if index >= 0 and row < len(self._drawn[index].layout.rows) else (-1, 0)

    @property
    def _lines_end(self) -> int:
        return self._lines[-1] + len(self._drawn[-1].layout.lines) if self._drawn else 0

    def _kept_strip(self, y: int) -> Strip:
        index, row = self._at(y)
        if index < 0:
            return self._blank_row()
        strips = self._drawn[index].strips
        if row not in strips:
            strips[row] = self._strip(index, row)
            self._strips += 1
        return strips[row]

    def _selected(self, y: int, selection: Selection) -> Strip:
        index, row = self._at(y)
        return self._strip(index, row, selection) if index >= 0 else self._blank_row()

    def _forget_strips(self, crop: Region) -> None:
        self._strips = 0
        for top, drawn in zip(self._tops, self._drawn, strict=True):
            drawn.strips = {row: strip for row, strip in drawn.strips.items() if crop.y <= top + row < crop.bottom}
            self._strips += len(drawn.strips)

    def _strip(self, index: int, row: int, selection: Selection | None = None, *, with_places: bool = False) -> Strip:
        drawn = self._drawn[index]
        at = drawn.layout.rows[row]
        style = self.get_visual_style("answer--code") if at.is_code else self.visual_style
        line, column = self._lines[index] + at.line, at.begin
        text = self._coloured(drawn.layout, at) if at.is_code else drawn.layout.text(at)
        if selection is not None and (span := selection.get_span(line)) is not None:
            begin, end = (max(0, each - column) for each in span) if span[1] != -1 else (max(0, span[0] - column), None)
            marked = Style.from_styles(self.screen.get_component_styles("screen--selection"))
            text = text.stylize(marked, begin, end)

        def rich(its: Style) -> RichStyle:
            # Only where it is asked for: styles that differ by their place fill Textual's caches of terminal codes.
            return its.rich_style_with_offset(column, line) if with_places else self._rich_style(its)

        segments = []
        if at.lead:
            outside = at.lead[:-1] if at.is_code else at.lead
            segments += [Segment(outside, rich(self.visual_style)), Segment(at.lead[len(outside) :], rich(style))]
            if with_places:  # all of it is where the text begins
                segments = [Segment(each, segment.style) for segment in segments for each in segment.text]
        for piece, its_style in text.render(style, end="", parse_style=self._style):
            segments.append(Segment(piece, rich(style + its_style)))
            column += len(piece)
        return self._filtered(Strip(segments).extend_cell_length(self._drawn_width, self._rich_style(style)))

    def _filtered(self, strip: Strip) -> Strip:
        for line_filter in self.get_line_filters():
            strip = strip.apply_filter(line_filter, self.background_colors[1])
        return strip

    def _rich_style(self, style: Style) -> RichStyle:
        if style not in self._rich:
            self._rich[style] = style.rich_style
        return self._rich[style]

    def _blank_row(self) -> Strip:
        if self._blank is None or self._blank.cell_length != self._drawn_width:
            self._blank = self._filtered(Strip.blank(self._drawn_width, self.visual_style.rich_style))
        return self._blank

    def _style(self, style: str | Style) -> Style:
        if isinstance(style, Style):
            return style
        if style not in self._styles:
            if style.startswith("."):
                self._styles[style] = self.get_visual_style(style[1:], partial=True)
            else:
                self._styles[style] = Style.parse(style)
        return self._styles[style]

    # Code

    def _coloured(self, layout: Layout, row: Row) -> Content:
        text = layout.text(row)
        code, line = layout.code(row)
        language = language_of(code.info)
        if not code.closed or not language:  # an open one is drawn again with every token
            return text
        colours = known_colours(code.code, language, ansi=self.app.native_ansi_color)
        if colours is None:
            self._find_colours(code.code, language)
            return text
        return Content(layout.lines[row.line].plain, colours[line])[row.begin : row.end]

    def _find_colours(self, code: str, language: str) -> None:
        async def find() -> None:
            await asyncio.to_thread(find_colours, code, language, ansi=self.app.native_ansi_color)
            self._colouring.discard(code)
            for drawn in self._drawn:
                if any(each.code == code for _, each in drawn.layout.codes):
                    drawn.strips.clear()
            self.refresh()

        if code not in self._colouring:
            self._colouring.add(code)
            work: Callable[[], Awaitable[None]] = find
            self.run_worker(work, group="colours")

    # Selection

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, as it was written; what follows in another widget is another paragraph."""
        drawn = ((each.block, each.layout) for each in self._drawn)
        return selected_text(drawn, self._drawn_width, selection), "\n\n"
