"""Blocks of Markdown at a width: which rows they take, and what text a selection takes from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rich.cells import cell_len
from textual.content import Content

from tui.widgets.markdown_blocks import Block, Code, Part, Rule, Table, Text, language_of

_NARROWEST = 6  # cells of a table's column, before its words are cut
_COLUMN_GAP = "  "
Colour = Callable[[str, str], Content]
"""Code and its language -> the same text with its colours."""


class Row(NamedTuple):
    """A row of the screen.

    Attributes:
        lead: What stands before the text and is never selected.
        text: The text.
        line: The line of the block's text that it shows a piece of.
        column: Where in that line it begins.
        is_code: It has the background of code, from `lead` on.
    """

    lead: str
    text: Content
    line: int
    column: int = 0
    is_code: bool = False


@dataclass(slots=True)
class Layout:
    """Rows, and the lines of text they were made from."""

    rows: list[Row] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def add(self, text: Content, width: int, head: str, rest: str, *, is_code: bool = False) -> None:
        """Add a line of text: `head` before its first row, `rest` before the others; both drawn, `head` selected."""
        if "\t" in text.plain:
            text = text.expand_tabs(8)
        line = len(self.lines)
        self.lines.append(head + text.plain if not is_code else text.plain)
        column = 0
        # Code has a column of its background before it.
        lead, first = (rest + " ", head + " ") if is_code else (rest, "")
        room = max(2, width - len(lead) if is_code else width - len(rest))
        for index, piece in enumerate(_wrapped(text, room)):
            begin = text.plain.find(piece.plain, column) if piece else column
            column = max(begin, column)
            if index == 0 and not is_code:
                self.rows.append(Row("", Content(head) + piece, line))
            else:
                before = 0 if is_code else len(head)
                self.rows.append(Row(first if index == 0 else lead, piece, line, before + column, is_code))
            column += len(piece.plain)


def _wrapped(text: Content, width: int) -> list[Content]:
    """`text`, one line of it, in pieces of at most `width` cells. Most lines fit, and wrapping costs ten times more."""
    return [text] if text.cell_length <= width else text.wrap(width)


def lay_out(block: Block, width: int, colour: Colour) -> Layout:
    """`block` in rows of `width` cells."""
    layout = Layout()
    for part in block.parts:
        _lay_out_part(part, width, colour, layout)
    return layout


def _lay_out_part(part: Part, width: int, colour: Colour, layout: Layout) -> None:
    match part:
        case Text(content, head, rest):
            for index, line in enumerate(content.split("\n", allow_blank=True) or [content]):
                layout.add(line, width, rest if index else head, rest)
        case Code(number, info, code, closed, head, rest):
            room = max(1, width - len(rest))
            title = f"─ {number} {info} " if info else f"─ {number} "
            rule = Content(title + "─" * max(0, room - cell_len(title)))
            layout.add(rule.truncate(room).stylize(".answer--muted"), width, head, rest)
            # Only complete blocks: an open one is drawn again with every token, and colours are most of what it costs.
            language = language_of(info)
            content = colour(code, language) if closed and language else Content(code)
            for line in content.split("\n", allow_blank=True) or [content]:
                layout.add(line, width, rest, rest, is_code=True)
        case Table(rows, head, rest):
            for index, row in enumerate(_table(rows, width - len(rest))):
                layout.add(row, width, rest if index else head, rest)
        case Rule(head, rest):
            layout.add(Content.styled("─" * max(1, width - len(rest)), ".answer--muted"), width, head, rest)


def _table(rows: Sequence[Sequence[Content]], width: int) -> list[Content]:
    """A table in rows that fit: the widest columns give way, and their cells wrap."""
    columns = max((len(row) for row in rows), default=0)
    if not columns:
        return []
    cells = [[row[column] if column < len(row) else Content() for column in range(columns)] for row in rows]
    widths = [max(1, *(row[column].cell_length for row in cells)) for column in range(columns)]
    room = width - len(_COLUMN_GAP) * (columns - 1)
    while sum(widths) > room and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    drawn: list[Content] = []
    for index, row in enumerate(cells):
        pieces = [_wrapped(cell, widths[column]) for column, cell in enumerate(row)]
        for height in range(max(len(cell) for cell in pieces)):
            line = [cell[height] if height < len(cell) else Content() for cell in pieces]
            padded = [piece.pad_right(widths[column] - piece.cell_length) for column, piece in enumerate(line)]
            text = Content(_COLUMN_GAP).join(padded)
            drawn.append((text.stylize(".answer--heading") if index == 0 else text).rstrip())
        if index == 0:
            rule = _COLUMN_GAP.join("─" * each for each in widths)
            drawn.append(Content.styled(rule, ".answer--muted"))
    return drawn
