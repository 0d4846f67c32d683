"""Tokens in rows: where each row begins, in tokens and characters. Pure text, no widget.

A token stays whole where a row has room for it; a line end in it ends the row.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import split_graphemes


@dataclass(frozen=True, slots=True)
class TokenRows:
    """Where rows begin.

    Attributes:
        tokens: Of each row, the token that its first character belongs to.
        offsets: And which character of that token it is.
    """

    tokens: array[int]
    offsets: array[int]

    def __len__(self) -> int:
        return len(self.tokens)

    def row_of(self, token: int) -> int:
        """The row in which a token begins."""
        row = bisect_left(self.tokens, token)
        return row if row < len(self) and self.tokens[row] == token and self.offsets[row] == 0 else row - 1

    def parts(self, row: int, texts: Sequence[str]) -> list[tuple[int, int, int]]:
        """What is in a row: tokens, and from which character to which, without line ends."""
        first, begin = self.tokens[row], self.offsets[row]
        last, end = (self.tokens[row + 1], self.offsets[row + 1]) if row + 1 < len(self) else (len(texts), 0)
        parts = []
        for token in range(first, min(last + 1, len(texts))):
            stop = end if token == last else len(texts[token])
            start = begin if token == first else 0
            if start < stop:
                parts.append((token, start, stop - texts[token].endswith("\n", start, stop)))
        return parts


def lay_out(texts: Sequence[str], width: int, cut: int = 0) -> TokenRows:
    """Put tokens into rows.

    Args:
        texts: Of each token what is to be shown. No control characters but line ends.
        width: Columns, at least 2.
        cut: A token that begins a row whatever is before it; 0 for none.
    """
    tokens, offsets = array("l", [0]), array("l", [0])
    column = 0
    for token, text in enumerate(texts):
        if token == cut and column:
            tokens.append(token)
            offsets.append(0)
            column = 0
        if text.isascii() and "\n" not in text:
            size = len(text)
            if column + size <= width:  # nearly always
                column += size
                continue
            if size <= width:
                tokens.append(token)
                offsets.append(0)
                column = size
                continue
        column = _fill(token, text, width, column, tokens, offsets)
    return TokenRows(tokens, offsets)


def _fill(token: int, text: str, width: int, column: int, tokens: array[int], offsets: array[int]) -> int:
    """Lay out a token with line ends or wide characters, or one longer than a row; the column after it."""

    def begin_row(offset: int) -> None:
        tokens.append(token)
        offsets.append(offset)

    offset = 0
    for number, line in enumerate(text.split("\n")):
        if number:
            begin_row(offset)
            column = 0
        spans, size = split_graphemes(line)
        if column + size > width >= size and not number:
            begin_row(0)
            column = 0
        for begin, _, cells in spans:
            if column + cells > width:
                begin_row(offset + begin)
                column = 0
            column += cells
        offset += len(line) + 1
    return column
