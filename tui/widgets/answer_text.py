"""An answer's Markdown in one widget, as it streams in and as it stands.

A widget for each block, as Textual's own Markdown has it, costs more in layout than in drawing: twenty for a typical
answer, and every one of them is arranged again with every token. Here a token draws the last block again; the other
rows are kept.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import partial
from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget

from tui.widgets.block_layout import Layout, Row, lay_out
from tui.widgets.code_colours import coloured
from tui.widgets.markdown_blocks import Block, Code, parse


class _Drawn:
    """A block at a width: its layout, and those of its rows that were drawn."""

    def __init__(self, block: Block, layout: Layout) -> None:
        self.block = block
        self.layout = layout
        self.strips: dict[int, Strip] = {}

    def take_over(self, before: _Drawn) -> int:
        """Keep what was drawn of the rows that are the same as `before`, from the first on; the number of those."""
        same = 0
        for row, old in zip(self.layout.rows, before.layout.rows, strict=False):
            if row != old or row.text.spans != old.text.spans:
                break
            same += 1
        self.strips = {row: strip for row, strip in before.strips.items() if row < same}
        return same


class AnswerText(Widget):
    """Markdown that is added to while it streams, and drawn once more in full when it is complete."""

    DEFAULT_CSS: ClassVar[str] = """
    AnswerText {
        height: auto;
        color: $foreground;
        & > .answer--strong { text-style: bold; }
        & > .answer--em { text-style: italic; }
        & > .answer--strike { text-style: strike; }
        & > .answer--title { text-style: bold underline; }
        & > .answer--heading { text-style: bold; }
        & > .answer--link { text-style: underline; }
        & > .answer--muted { color: $foreground 60%; }
        & > .answer--code { background: $surface; }
        & > .answer--code-inline { color: $text-accent; }
        &:ansi > .answer--muted { text-style: dim; }
        &:ansi > .answer--code { background: ansi_default; }
        &:ansi > .answer--code-inline { text-style: bold; }
    }
    """
    # Of a layout of its own after each change of size, as Textual has it, nothing would come: nothing in it scrolls.
    virtual_size = Reactive(Size(0, 0))
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

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.source = text
        self._blocks = parse(text)
        self._last_begins = _begin_of_last(text, self._blocks)
        self._drawn: list[_Drawn] = []
        self._tops: list[int] = []  # first row of each block
        self._lines: list[int] = []  # first line of each block's text, for the selection
        self._height = 0
        self._drawn_width = 0
        self._styles: dict[str, Style] = {}
        self._blank: Strip | None = None

    def add(self, text: str) -> None:
        """Add `text` at the end."""
        self.source += text
        tail = self.source[self._last_begins :]
        kept = self._blocks[:-1]
        code_before = sum(isinstance(part, Code) for block in kept for part in block.parts)
        blocks = parse(tail, code_before=code_before)
        self._last_begins += _begin_of_last(tail, blocks)
        self._replace(len(kept), kept + blocks)

    def draw(self, text: str) -> None:
        """Show `text`, parsed from its beginning; blocks that come out as they are shown stay as they are."""
        blocks = parse(text)
        same = 0
        while same < min(len(blocks), len(self._blocks)) and blocks[same].looks_like(self._blocks[same]):
            same += 1
        self.source, self._last_begins = text, _begin_of_last(text, blocks)
        self._replace(same, blocks)

    # Layout

    def _replace(self, kept: int, blocks: list[Block]) -> None:
        """Show `blocks`, of which the first `kept` are drawn already; draw no more again than what changed."""
        self._blocks = blocks
        if not self._drawn_width:
            return
        before, height = self._drawn[kept:], self._height
        del self._drawn[kept:]
        self._fit(self._drawn_width)
        if not before or kept >= len(self._drawn):
            self.refresh(layout=True)
            return
        row = self._tops[kept] + self._drawn[kept].take_over(before[0])
        dirty = Region(0, row, self._drawn_width, max(1, self._height - row))
        # A layout of the whole screen costs more than all the rest, and most tokens add no row.
        self.refresh(dirty, layout=self._height != height)

    def _fit(self, width: int) -> None:
        if width != self._drawn_width:
            self._drawn.clear()
            self._drawn_width = width
        colour = partial(coloured, ansi=self.app.native_ansi_color)
        for block in self._blocks[len(self._drawn) :]:
            self._drawn.append(_Drawn(block, lay_out(block, width, colour)))
        first = max(0, min(len(self._tops), len(self._drawn)) - 1)
        del self._tops[first:], self._lines[first:]
        for index in range(first, len(self._drawn)):
            before = self._drawn[index - 1].layout if index else None
            self._tops.append(self._tops[-1] + len(before.rows) + 1 if before else 0)
            self._lines.append(self._lines[-1] + len(before.lines) + 1 if before else 0)
        # A row below the last block: it parts the answer from what follows.
        self._height = self._tops[-1] + len(self._drawn[-1].layout.rows) + 1 if self._drawn else 0

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """All there is."""
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The rows of all blocks, and those between them."""
        if width != self._drawn_width or len(self._drawn) != len(self._blocks):
            self._fit(width)
        return self._height

    def notify_style_update(self) -> None:
        """Another theme: nothing that was drawn is right."""
        super().notify_style_update()
        self._styles.clear()
        self._blank = None
        self._drawn.clear()
        self._tops.clear()
        self._lines.clear()
        self._replace(0, self._blocks)

    # Drawing

    def render_line(self, y: int) -> Strip:
        """Row `y`; drawn when it is first seen."""
        width = self.size.width
        index = bisect_right(self._tops, y) - 1
        row = y - self._tops[index] if index >= 0 else 0
        if index < 0 or row >= len(self._drawn[index].layout.rows):
            return self._blank_row(width)
        drawn = self._drawn[index]
        selection = self.text_selection
        if selection is not None:
            return self._strip(drawn.layout.rows[row], self._lines[index], width, selection)
        if row not in drawn.strips:
            drawn.strips[row] = self._strip(drawn.layout.rows[row], self._lines[index], width, None)
        return drawn.strips[row]

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows in `crop`, as they were drawn.

        Textual keeps drawn rows too, but drops them all with every new size, and an answer has a new size with every
        new row. What it adds to a row (border, padding, hatch, tint) this widget does not have; opacity it has.
        """
        if not self.is_attached:  # it is asked once more while it is taken away with the focus on it
            return [Strip.blank(crop.width)] * crop.height
        if self.opacity != 1.0:
            return super().render_lines(crop)
        width, background = self.size.width, self.background_colors[1]
        filters = self.get_line_filters()
        strips = [self.render_line(y) for y in crop.line_range]
        for line_filter in filters:
            strips = [strip.apply_filter(line_filter, background) for strip in strips]
        if crop.column_span != (0, width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def _strip(self, row: Row, first_line: int, width: int, selection: Selection | None) -> Strip:
        base = self.visual_style
        style = self.get_visual_style("answer--code") if row.is_code else base
        line, column = first_line + row.line, row.column
        segments = []
        text = row.text
        if selection is not None and (span := selection.get_span(line)) is not None:
            begin, end = (max(0, each - column) for each in span) if span[1] != -1 else (max(0, span[0] - column), None)
            marked = Style.from_styles(self.screen.get_component_styles("screen--selection"))
            text = text.stylize(marked, begin, end)
        if row.lead:
            outside = row.lead[:-1] if row.is_code else row.lead
            segments.append(Segment(outside, base.rich_style_with_offset(column, line)))
            segments.append(Segment(row.lead[len(outside) :], style.rich_style_with_offset(column, line)))
        for piece, its_style in text.render(style, end="", parse_style=self._style):
            segments.append(Segment(piece, (style + its_style).rich_style_with_offset(column, line)))
            column += len(piece)
        return Strip(segments).extend_cell_length(width, style.rich_style)

    def _blank_row(self, width: int) -> Strip:
        if self._blank is None or self._blank.cell_length != width:
            self._blank = Strip.blank(width, self.visual_style.rich_style)
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

    # Selection

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, without the marks and spaces that are only drawn."""
        lines = [line for drawn in self._drawn for line in (*drawn.layout.lines, "")]
        return selection.extract("\n".join(lines)), "\n"


def _begin_of_last(text: str, blocks: list[Block]) -> int:
    """Where in `text` its last block begins."""
    if not blocks:
        return 0
    begin = 0
    for _ in range(blocks[-1].line):
        begin = text.index("\n", begin) + 1
    return begin
