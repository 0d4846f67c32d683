"""What a selection in blocks takes: their text as it was written, without what is only drawn.

A line that is wrapped over several rows is one line. Bullets and bars are the marks that Markdown has for them, a table
that is selected beyond a cell is one of Markdown, a block of code has its fences where its title is selected, too.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from textual.selection import Selection

from tui.widgets.block_layout import TAB, Layout, table_lines
from tui.widgets.markdown_blocks import Block, Code, Part, Rule, Table, Text

_MARKS = str.maketrans({"•": "-", "–": "-", "▪": "-", "│": ">"})
_GAP = "  "  # between two cells of a table, at least

_Span = tuple[int, int | None]
"""Columns of a line from one to before another, or to its end."""


def selected_text(drawn: Iterable[tuple[Block, Layout]], width: int, selection: Selection) -> str:
    """What `selection` takes of blocks.

    Args:
        drawn: The blocks, and how they are laid out.
        width: Cells that they are laid out in.
        selection: Lines and columns of the layouts, one below the other, an empty line where there is a gap.
    """
    copy = _Copy(width)
    number = 0
    for index, (block, layout) in enumerate(drawn):
        if index and not block.joined:
            copy.gap(_span(selection, number))
            number += 1
        begin = 0
        for part, end in zip(block.parts, layout.part_ends, strict=True):
            spans = [_span(selection, number + line) for line in range(begin, end)]
            if any(span is not None for span in spans):
                copy.add(part, [line.plain for line in layout.lines[begin:end]], spans)
            begin = end
        number += len(layout.lines)
    return copy.text()


def _span(selection: Selection, line: int) -> _Span | None:
    span = selection.get_span(line)
    return None if span is None else (span[0], None if span[1] == -1 else span[1])


@dataclass(slots=True)
class _Copy:
    width: int
    lines: list[str] = field(default_factory=list)
    fence: str = ""  # that is open

    def text(self) -> str:
        self._close()
        return "\n".join(self.lines)

    def gap(self, span: _Span | None) -> None:
        """An empty line between two blocks."""
        self._close()
        if span is not None:
            self.lines.append("")

    def add(self, part: Part, drawn: Sequence[str], spans: Sequence[_Span | None]) -> None:
        """The lines of a part, as they are drawn, and what is selected of each."""
        if not (isinstance(part, Code) and not part.begins):
            self._close()
        match part:
            case Text():
                self.lines += _text_lines(part, drawn, spans)
            case Code():
                self._add_code(part, drawn, spans)
            case Table():
                self.lines += _table_lines(part, drawn, spans, self.width)
            case Rule():
                self.lines.append(_marks(part.head) + "---")

    def _add_code(self, part: Code, drawn: Sequence[str], spans: Sequence[_Span | None]) -> None:
        if part.begins:
            if spans[0] is not None and len(spans) > 1 and spans[1] is not None:
                self.fence = "```"
                while self.fence in part.code:
                    self.fence += "`"
                self.lines.append(self.fence + part.info)
            elif spans[0] is not None:
                self.lines.append(part.info)
            drawn, spans = drawn[1:], spans[1:]
        for line, shown, span in zip(part.code.split("\n"), drawn, spans, strict=True):
            if span is not None:
                self.lines.append(_piece(line, shown, span))

    def _close(self) -> None:
        if self.fence:
            self.lines.append(self.fence)
            self.fence = ""


def _text_lines(part: Text, drawn: Sequence[str], spans: Sequence[_Span | None]) -> Iterator[str]:
    for index, (line, shown, span) in enumerate(zip(part.content.plain.split("\n"), drawn, spans, strict=True)):
        if span is None:
            continue
        marks = part.rest if index else part.head
        begin, end = span
        taken = (max(0, begin - len(marks)), None if end is None else max(0, end - len(marks)))
        text = _piece(line, shown[len(marks) :], taken)
        # Half a mark is none, but who begins in the middle of one means the item.
        with_marks = begin < len(marks) and (end is None or end > len(marks))
        yield (_marks(marks) + text if with_marks else text).rstrip()


def _table_lines(part: Table, drawn: Sequence[str], spans: Sequence[_Span | None], width: int) -> Iterator[str]:
    selected = [index for index, span in enumerate(spans) if span is not None]
    if len(selected) == 1 and (span := spans[selected[0]]) is not None:
        cell = drawn[selected[0]][span[0] : span[1]].strip()
        if _GAP not in cell:
            yield cell
            return
    rows = [row for row, _ in table_lines(part, width)]
    touched = sorted({rows[index] for index in selected} - {None}, key=lambda row: row or 0)
    for row in touched:
        assert row is not None
        cells = [cell.plain.replace("\n", " ").replace("|", "\\|") for cell in part.rows[row]]
        marks = _marks(part.rest if row else part.head)
        yield f"{marks}| {' | '.join(cells)} |"
        if row == 0 and not part.above:
            yield f"{_marks(part.rest)}|{' --- |' * len(cells)}"


def _marks(drawn: str) -> str:
    return drawn.translate(_MARKS)


def _piece(line: str, shown: str, span: _Span) -> str:
    """The piece of `line` that is selected where it is `shown`: with spaces in place of its tabs."""
    begin, end = span
    if "\t" in line and line.expandtabs(TAB) == shown:
        ends = [len(line[:index].expandtabs(TAB)) for index in range(len(line) + 1)]  # where each character begins
        begin = bisect_right(ends, begin) - 1
        if end is not None:
            end = next((index for index, at in enumerate(ends) if at >= end), len(line))
    elif "\t" in line:
        line = shown
    # What is drawn in the same cell as the character before it goes with that.
    while begin and begin < len(line) and not cell_len(line[begin]):
        begin += 1
    while end is not None and end < len(line) and not cell_len(line[end]):
        end += 1
    return line[begin:end]
