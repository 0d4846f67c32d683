"""What the screen is to show: the whole of it, kept up to date with what Textual's compositor says of its parts."""

from __future__ import annotations

from rich.cells import cell_len
from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.strip import Strip

from tui.terminal.cells import BLANK, Cell, Row, cells_of


class Frame:
    """Rows of cells.

    Args:
        width: Columns.
        height: Rows.

    Attributes:
        rows: `height` rows of `width` cells. A row is replaced when it changes, so that two frames are compared
            quickly where they are the same.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self.rows: list[Row] = [(BLANK,) * width] * height
        # Textual keeps what it has drawn: a row of the same strips is the same row.
        self._strips: list[tuple[Strip, ...] | None] = [None] * height

    def take(self, update: LayoutUpdate | ChopsUpdate, colours: ColorSystem) -> None:
        """Bring it up to date."""
        if isinstance(update, LayoutUpdate):
            self._take_layout(update, colours)
        else:
            self._take_chops(update, colours)

    def _take_layout(self, update: LayoutUpdate, colours: ColorSystem) -> None:
        x, begin = update.region.x, update.region.y
        for y, line in enumerate(update.strips, begin):
            if not 0 <= y < self.height:
                continue
            strips = tuple(line)
            known = self._strips[y]
            if known is not None and len(known) == len(strips) and all(map(_is, known, strips)):
                continue
            self.rows[y] = self._with(self.rows[y], x, cells_of(strips, colours))
            self._strips[y] = strips if x == 0 else None

    def _take_chops(self, update: ChopsUpdate, colours: ColorSystem) -> None:
        for y, begin, end in update.spans:
            if not 0 <= y < self.height:
                continue
            row = self.rows[y]
            for chop_end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                if strip is not None and x <= end and chop_end > begin:
                    cells = cells_of((strip,), colours)
                    row = self._with(row, x, cells[: max(0, min(chop_end, end) - x)])
            if row is not self.rows[y]:
                self.rows[y], self._strips[y] = row, None

    def _with(self, row: Row, x: int, cells: list[Cell]) -> Row:
        """A row with `cells` from column `x` on."""
        end = min(x + len(cells), self.width)
        return _mended((*row[:x], *cells[: end - x], *row[end:]))


def _mended(row: Row) -> Row:
    """A row in which no half of a wide character stands without the other: there is a blank instead."""
    if all(text.isascii() and text for text, _ in row):
        return row
    cells = list(row)
    for place, (text, look) in enumerate(row):
        before, after = row[place - 1 : place], row[place + 1 : place + 2]
        is_right_half = not text
        lonely = (
            not before or cell_len(before[0][0]) < 2
            if is_right_half
            else cell_len(text) == 2 and (not after or after[0][0] != "")
        )
        if lonely:
            cells[place] = (" ", look)
    return tuple(cells)


def _is(one: object, other: object) -> bool:
    return one is other
