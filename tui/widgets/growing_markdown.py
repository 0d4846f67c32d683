"""Markdown that grows at its end: what comes is parsed with the block that it may belong to, not with all before it.

A block that grows long is not parsed as a whole each time, either: what cannot change any more of a list, a table or
a block of code becomes a piece of its own. Where a list or a table is cut depends on the text alone, not on how it
came, so that an answer looks the same streamed and opened again.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from markdown_it.token import Token

from tui.widgets.markdown_blocks import (
    Block,
    Code,
    Numbers,
    Part,
    Prefix,
    Reader,
    Table,
    TableRows,
    block_tokens,
    first_number,
    groups,
    is_closed,
    table_rows,
)

_PIECE = 25
"""Lines of a list, a table or open code from which on what follows becomes another piece."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in the source from which it can be parsed on.

    Attributes:
        offset: Characters before it.
        blocks: Blocks before it.
        codes: Blocks of code before it.
        above: Text that is parsed before it, so that it is taken for the rest of a block.
        continues: It is in a list, after some of the items.
        number: The number of the next one of them, where they have numbers.
        rows: It is in a table, and these rows are the first piece of that.
        fence: It is in a block of code, which begins at this place.
    """

    offset: int = 0
    blocks: int = 0
    codes: int = 0
    above: str = ""
    continues: bool = False
    number: int | None = None
    rows: TableRows = ()
    fence: _Place | None = None


class _Piece(NamedTuple):
    begin: _Place
    parts: tuple[Part, ...]
    is_young: bool = False  # what it is may not be known yet: it may turn out to belong to what is above it

    @property
    def block(self) -> Block:
        begin = self.begin
        return Block(self.parts, joined=begin.continues or bool(begin.rows) or begin.fence is not None)


class GrowingMarkdown:
    """Markdown, parsed.

    Attributes:
        source: The text.
        blocks: Its blocks. Those that are long are in pieces.
    """

    def __init__(self, source: str = "") -> None:
        self.source = ""
        self.blocks: list[Block] = []
        self._place = _Place()
        self.add(source)

    @property
    def open_length(self) -> int:
        """Characters that are parsed again with what is added."""
        return len(self.source) - self._place.offset

    def add(self, text: str) -> int:
        """Add `text` at the end; how many blocks stay as they are."""
        self.source += text
        pieces, ended = _parsed(self.source, self._place)
        if ended and self._place.fence is not None:  # as a whole it can have colours
            pieces, _ = _parsed(self.source, self._place.fence)
        kept = pieces[0].begin.blocks if pieces else self._place.blocks
        self.blocks[kept:] = [piece.block for piece in pieces if piece.parts]
        if pieces:
            self._place = (pieces[-2] if len(pieces) > 1 and pieces[-1].is_young else pieces[-1]).begin
        return kept


def parse(markdown: str) -> list[Block]:
    """The blocks of `markdown`."""
    return GrowingMarkdown(markdown).blocks


def _parsed(source: str, place: _Place) -> tuple[list[_Piece], bool]:
    """The pieces of `source` from `place` on, and whether what `place` is in the middle of ends in them."""
    text = place.above + source[place.offset :]
    lines = text.split("\n")
    offsets = list(itertools.accumulate((len(line) + 1 for line in lines), initial=place.offset - len(place.above)))
    reader = Reader(lines, Numbers(place.codes))
    pieces: list[_Piece] = []
    blocks = place.blocks
    ended = False
    for opening, inner in groups(block_tokens(text)):
        assert opening.map is not None
        ended = bool(pieces)
        begin = _Place(offsets[opening.map[0]], blocks, reader.numbers.last) if ended else place
        cut = _CUTS.get(opening.type)
        found = cut(reader, opening, inner, begin) if cut is not None else None
        for line, where, parts in found or [(None, begin, tuple(reader.parts(opening, inner, Prefix())))]:
            offset = where.offset if line is None else offsets[line]
            pieces.append(_Piece(replace(where, offset=offset, blocks=blocks), parts, _is_young(opening, lines)))
            blocks += bool(parts)
        ended = ended or (opening.type == "fence" and is_closed(opening))
    return pieces, ended


def _is_young(opening: Token, lines: Sequence[str]) -> bool:
    """Its first line is not complete. A paragraph is one whatever comes, but a number may become an item's."""
    is_last_line = opening.map is not None and opening.map[0] + 1 == len(lines)
    return is_last_line and (opening.type != "paragraph_open" or lines[-1].strip().isdecimal())


_Cut = tuple[int | None, _Place, tuple[Part, ...]]
"""A piece of a block: the line it begins in, where that is not the block's own; its place; its parts."""


def _cut_list(reader: Reader, opening: Token, inner: Sequence[Token], begin: _Place) -> Iterator[_Cut]:
    items = list(groups(inner))
    number = begin.number if begin.continues else first_number(opening)
    begins = [item.map[0] if item.map else 0 for item, _ in items]
    line, place, first = None, begin, 0
    for index in range(1, len(items) + 1):
        # The beginning of another item ends the one before; as long as its line is not complete, it may be none.
        if index == len(items) or (begins[index] - begins[first] >= _PIECE and begins[index] + 1 < len(reader.lines)):
            at = None if number is None else number + first
            parts = reader.items(items[first:index], at, Prefix(), continues=place.continues)
            yield line, place, tuple(parts)
            first = index
        if first == index < len(items):
            line = begins[index] - reader.is_blank_above(items[index][0])
            place = _Place(codes=reader.numbers.last, continues=True, number=None if number is None else number + index)


def _cut_table(reader: Reader, opening: Token, inner: Sequence[Token], begin: _Place) -> Iterator[_Cut]:
    (heading_line, heading), *body = table_rows(inner)
    above = "".join(f"{line}\n" for line in reader.lines[heading_line : heading_line + 2])
    line, place = None, begin
    rows = [] if begin.rows else [heading]
    first = body[0][0] if body else 0
    for at, cells in body:
        if at - first >= _PIECE:
            yield line, place, (Table(tuple(rows), above=place.rows),)
            line, first = at, at
            place = _Place(codes=begin.codes, above=above, rows=begin.rows or place.rows or tuple(rows))
            rows = []
        rows.append(cells)
    yield line, place, (Table(tuple(rows), above=place.rows),) if rows else ()


def _cut_code(reader: Reader, opening: Token, inner: Sequence[Token], begin: _Place) -> Iterator[_Cut]:
    first = opening.map[0] + 1 if opening.map else 0
    code = opening.content.removesuffix("\n")
    number, info, closed = reader.numbers.next(), opening.info.strip(), is_closed(opening)
    complete = len(reader.lines) - 1 - first
    if closed or complete <= _PIECE:
        nothing = begin.fence is not None and not any(reader.lines[first:]) and complete < 1
        yield None, begin, () if nothing else (Code(number, info, code, closed, begins=begin.fence is None),)
        return
    lines = code.split("\n")
    yield None, begin, (Code(number, info, "\n".join(lines[:complete]), False, begins=begin.fence is None),)
    place = _Place(codes=begin.codes, above=reader.lines[first - 1] + "\n", fence=begin.fence or begin)
    rest = lines[complete:]
    yield first + complete, place, (Code(number, info, rest[0], False, begins=False),) if any(rest) else ()


_CUTS = {
    "bullet_list_open": _cut_list,
    "ordered_list_open": _cut_list,
    "table_open": _cut_table,
    "fence": _cut_code,
}
