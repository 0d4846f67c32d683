"""What the screen is to show: the whole of it, kept up to date with what Textual's compositor says of its parts."""

from __future__ import annotations

from rich.cells import cell_len
from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.strip import Strip

from tui.terminal.cells import BLANK, Cell, Row, cells_of

_STRIPS = 4  # about as many has a row: margin, text, margin, scrollbar


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
        # Textual keeps the strips that it has drawn, and those of most rows come again with the next frame, elsewhere.
        # By their identity; they are held here, or another one could come by the same.
        self._cells: dict[int, tuple[Strip, list[Cell]]] = {}
        self._cells_before: dict[int, tuple[Strip, list[Cell]]] = {}

    def take(self, update: LayoutUpdate | ChopsUpdate, colours: ColorSystem) -> None:
        """Bring it up to date."""
        if len(self._cells) > _STRIPS * self.height:
            self._cells, self._cells_before = {}, self._cells
        if isinstance(update, LayoutUpdate):
            self._take_layout(update, colours)
        else:
            self._take_chops(update, colours)

    def _take_layout(self, update: LayoutUpdate, colours: ColorSystem) -> None:
        for y, line in enumerate(update.strips, update.region.y):
            if not 0 <= y < self.height:
                continue
            cells: list[Cell] = []
            for strip in line:
                cells += self._cells_of(strip, colours)
            self._put(y, update.region.x, cells)

    def _take_chops(self, update: ChopsUpdate, colours: ColorSystem) -> None:
        for y, begin, end in update.spans:
            if not 0 <= y < self.height:
                continue
            for chop_end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                if strip is not None and x <= end and chop_end > begin:
                    self._put(y, x, self._cells_of(strip, colours)[: max(0, min(chop_end, end) - x)])

    def _cells_of(self, strip: Strip, colours: ColorSystem) -> list[Cell]:
        known = self._cells.get(id(strip)) or self._cells_before.get(id(strip)) or (strip, cells_of(strip, colours))
        self._cells[id(strip)] = known
        return known[1]

    def _put(self, y: int, x: int, cells: list[Cell]) -> None:
        """Replace what row `y` has from column `x` on."""
        before = self.rows[y]
        end = min(x + len(cells), self.width)
        part = tuple(cells[: end - x])
        if before[x:end] != part:
            row = (*before[:x], *part, *before[end:])
            # Inside what was drawn in one piece every character is whole.
            is_cut = end - x < len(cells) or not (before[x][0] and before[min(end, self.width - 1)][0])
            self.rows[y] = _mended(row) if is_cut else row


def _mended(row: Row) -> Row:
    """A row in which no half of a wide character stands without the other: there is a blank instead."""
    texts = [text for text, _ in row]
    if "" not in texts and "".join(texts).isascii():
        return row
    cells = list(row)
    for place, text in enumerate(texts):
        if text:
            lonely = not text.isascii() and cell_len(text) == 2 and texts[place + 1 : place + 2] != [""]
        else:
            lonely = place == 0 or cell_len(texts[place - 1]) < 2
        if lonely:
            cells[place] = (" ", cells[place][1])
    return tuple(cells)
