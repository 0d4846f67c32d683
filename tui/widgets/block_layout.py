"""Blocks of Markdown at a width: which rows they take, and what text a selection takes from them."""

from __future__ import annotations

import functools
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rich.cells import cell_len
from textual.content import Content, Span

from tui.widgets.markdown_blocks import Block, Code, Part, Rule, Table, Text

TAB = 8
"""Cells from one tab stop to the next."""
_NARROWEST = 6  # cells of a table's column, before its words are cut
_COLUMN_GAP = "  "
_EMPTY = Content()
# Characters of one cell each, and no white space but the space: most texts have no others.
_PLAIN = re.compile("[ -~\u00a1-\u00ac\u00ae-\u024f\u0370-\u0373\u0391-\u03a1\u03b1-\u03c9\u0410-\u044f–—‘’“”•…]*")


class Row(NamedTuple):
    """A row of the screen: a piece of a line.

    Attributes:
        lead: What stands before the text and is never selected.
        line: The line of the block.
        begin: Where in that line the piece begins.
        end: Where it ends.
        is_code: It has the background of code, from `lead` on.
    """

    lead: str
    line: int
    begin: int
    end: int
    is_code: bool = False


@dataclass(slots=True)
class Layout:
    """Rows, and the lines of text they are pieces of.

    Attributes:
        rows: From top to bottom.
        lines: What a selection takes, marks of lists and quotations included.
        codes: Blocks of code, and the line each of them begins in.
        same: So many rows are those of the layout before.
    """

    rows: list[Row] = field(default_factory=list)
    lines: list[Content] = field(default_factory=list)
    codes: list[tuple[int, Code]] = field(default_factory=list)
    same: int = 0
    _ends: list[tuple[int, int, int]] = field(default_factory=list)  # rows, lines and codes at the end of each part

    @property
    def part_ends(self) -> list[int]:
        """The number of lines up to the end of each part."""
        return [lines for _, lines, _ in self._ends]

    def text(self, row: Row) -> Content:
        """The text in a row."""
        line = self.lines[row.line]
        return line if row.begin == 0 and row.end == len(line.plain) else line[row.begin : row.end]

    def code(self, row: Row) -> tuple[Code, int]:
        """The block of code that a row of code belongs to, and which line of it that is."""
        first, code = self.codes[bisect_right(self.codes, row.line, key=lambda each: each[0]) - 1]
        return code, row.line - first

    def is_same(self, row: Row, other: Layout, its: Row) -> bool:
        """A row is drawn as one of another layout is."""
        text, other_text = self.text(row), other.text(its)
        if row != its or text.plain != other_text.plain or text.spans != other_text.spans:
            return False
        return not row.is_code or self.code(row)[0].closed == other.code(its)[0].closed  # then it has colours

    def add(self, text: Content, width: int, head: str, rest: str, *, is_code: bool = False) -> None:
        """Add a line of text: `head` before its first row, `rest` before the others; both drawn, `head` selected."""
        if "\t" in text.plain:
            text = text.expand_tabs(TAB)
        number, marks = len(self.lines), "" if is_code else head
        self.lines.append(Content(marks) + text if marks else text)
        # Code has a column of its background before it.
        lead = rest + " " if is_code else rest
        (_, end), *others = wrapped(text, max(2, width - len(lead)))
        before = len(marks)
        self.rows.append(Row(head + " " if is_code else "", number, 0, before + end, is_code))
        for begin, end in others:
            self.rows.append(Row(lead, number, before + begin, before + end, is_code))

    def end_part(self) -> None:
        """A part of the block is complete."""
        self._ends.append((len(self.rows), len(self.lines), len(self.codes)))

    def beginning(self, parts: int) -> Layout:
        """A layout of the first parts, to add others to."""
        if not parts:
            return Layout()
        rows, lines, codes = self._ends[parts - 1]
        return Layout(self.rows[:rows], self.lines[:lines], self.codes[:codes], rows, self._ends[:parts])


def wrapped(text: Content, width: int) -> list[tuple[int, int]]:
    """Begin and end of the pieces of at most `width` cells that a line of text falls into, between its words."""
    plain = text.plain
    if _PLAIN.fullmatch(plain):
        if len(plain) <= width:
            return [(0, len(plain))]
        return list(_wrapped_plain(plain, width))
    if text.cell_length <= width:
        return [(0, len(plain))]
    pieces, begin = [], 0
    for piece in text.wrap(width):
        begin = max(begin, plain.find(piece.plain, begin)) if piece else begin
        pieces.append((begin, begin + len(piece.plain)))
        begin += len(piece.plain)
    return pieces


def _wrapped_plain(text: str, width: int) -> Iterator[tuple[int, int]]:
    """As `wrapped`, at a tenth of the cost, for text whose characters are all of one cell."""
    begin, length = 0, len(text)
    if length > width and text.isspace():
        length = width
    while length - begin > width:
        end = text.rfind(" ", begin, begin + width + 1)
        if end < 0 or not text[begin:end].strip(" "):  # one word, longer than a row
            end = begin + width
            yield begin, end
            begin = end
            continue
        yield begin, begin + len(text[begin:end].rstrip(" "))
        begin = end + 1
        while begin < length and text[begin] == " ":
            begin += 1
    if begin < length or not begin:
        yield begin, length


def lay_out(block: Block, width: int, before: tuple[Block, Layout] | None = None) -> Layout:
    """`block` in rows of `width` cells; `before` is what stood in its place, at that width, and may begin alike."""
    same = 0
    if before is not None:
        old, layout = before
        while same < min(len(block.parts), len(old.parts)) and block.parts[same].same(old.parts[same]):
            same += 1
        layout = layout.beginning(same)
    else:
        layout = Layout()
    for part in block.parts[same:]:
        _lay_out_part(part, width, layout)
        layout.end_part()
    return layout


def _lay_out_part(part: Part, width: int, layout: Layout) -> None:
    match part:
        case Text(content, head, rest):
            lines = content.split("\n", allow_blank=True) if "\n" in content.plain else [content]
            for index, line in enumerate(lines):
                layout.add(line, width, rest if index else head, rest)
        case Code(number, info, code, _, head, rest, begins):
            if begins:
                layout.add(_title(number, info, max(1, width - len(rest))), width, head, rest)
            layout.codes.append((len(layout.lines), part))
            for text in code.expandtabs(TAB).split("\n"):
                layout.add(Content(text), width, rest, rest, is_code=True)
        case Table(_, head, rest):
            for index, (_, row) in enumerate(table_lines(part, width)):
                layout.add(row, width, rest if index else head, rest)
        case Rule(head, rest):
            layout.add(_rule(max(1, width - len(rest))), width, head, rest)


@functools.lru_cache(maxsize=16)
def _rule(width: int) -> Content:
    return Content.styled("─" * width, ".answer--muted", width)


def _title(number: int, info: str, width: int) -> Content:
    title = f"─ {number} {info} " if info else f"─ {number} "
    rule = Content(title + "─" * max(0, width - cell_len(title)))
    return rule.truncate(width).stylize(".answer--muted")


def table_lines(table: Table, width: int) -> Iterator[tuple[int | None, Content]]:
    """A table in lines that fit: the widest columns give way, and their cells wrap. Each with the row it is of."""
    rows, above, width = table.rows, table.above, width - len(table.rest)
    columns = max((len(row) for row in (*above, *rows)), default=0)
    if not columns:
        return
    widths = _widths([*above, *rows], columns, width)
    for index, row in enumerate(rows):
        cells = [*row, *[_EMPTY] * (columns - len(row))]
        pieces = [
            [cell[begin:end] for begin, end in wrapped(cell, width)] for cell, width in zip(cells, widths, strict=True)
        ]
        for height in range(max(len(cell) for cell in pieces)):
            text = _beside([cell[height] if height < len(cell) else _EMPTY for cell in pieces], widths)
            yield index, text.stylize(".answer--heading") if index == 0 and not above else text
        if index == 0 and not above:
            yield None, Content.styled(_COLUMN_GAP.join("─" * each for each in widths), ".answer--muted")


def _beside(cells: Sequence[Content], widths: Sequence[int]) -> Content:
    """A row of cells, each as wide as its column."""
    texts: list[str] = []
    spans: list[Span] = []
    offset = 0
    for cell, width in zip(cells, widths, strict=True):
        texts.append(cell.plain + " " * (width - cell.cell_length) + _COLUMN_GAP)
        spans += [Span(offset + begin, offset + end, style) for begin, end, style in cell.spans]
        offset += len(texts[-1])
    return Content("".join(texts).rstrip(), spans)


def _widths(rows: Sequence[Sequence[Content]], columns: int, width: int) -> list[int]:
    """Cells of each column. Later rows of a table have those of its beginning, as long as they fit in."""
    widths = [1] * columns
    for row in rows:
        for column, cell in enumerate(row):
            widths[column] = max(widths[column], cell.cell_length)
    room = width - len(_COLUMN_GAP) * (columns - 1)
    while sum(widths) > room and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return widths
