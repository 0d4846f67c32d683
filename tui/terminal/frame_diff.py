"""From one frame to the next in as few bytes as a plain terminal understands.

Only what changed is written: runs of cells, with the shortest move to each; what scrolled is moved by the terminal
itself (margins, and a newline at the lower or a reverse index at the upper one, which every terminal knows).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from operator import ne

from tui.terminal.cells import BLANK, Cell, Row, Width, seen_on_blank, taken_apart, width_of
from tui.terminal.sgr import transition

_NEAR = 4  # cells that are rather written again than jumped over
_ERASED = 9  # blanks that are rather erased than written
_MOVED = 3  # rows from which on scrolling is looked at
_FURTHEST = 24  # rows
_SCROLLING = 24  # cells that could be written for what scrolling costs
_KEY = slice(1, 49)  # the cells that a row is known by elsewhere: without a border, a scrollbar


def frame_diff(before: Sequence[Row] | None, after: Sequence[Row], *, erases_with_colour: bool = True) -> str:
    """The bytes that make a terminal that shows `before` show `after`.

    Args:
        before: Rows on the screen, of the size of `after`; None where nothing is known of it.
        after: Rows to show.
        erases_with_colour: What the terminal erases takes the background of the pen (bce in terminfo).

    Returns:
        Text and sequences; the pen is reset before and after, where the cursor stands is not known. "" where nothing
        changed.
    """
    painter = _Painter(erases_with_colour)
    if before is None:
        return painter.paint([None] * len(after), after)
    changed = [y for y, row in enumerate(after) if row is not before[y] and row != before[y]]
    if not changed:
        return ""
    shift = _shift(before, after, changed)
    return painter.paint(before if shift is None else painter.scroll(before, *shift), after)


def _shift(before: Sequence[Row], after: Sequence[Row], changed: Sequence[int]) -> tuple[int, int, int] | None:
    """First and last row of what moved, and by how many rows upwards; None where moving it would not pay."""
    if len(changed) < _MOVED:
        return None
    places: dict[Row, list[int]] = {}
    for y in range(max(0, changed[0] - _FURTHEST), min(len(before), changed[-1] + _FURTHEST + 1)):
        places.setdefault(before[y][_KEY], []).append(y)
    moved: dict[int, list[int]] = {}
    for y in changed:
        key = after[y][_KEY]
        if key == before[y][_KEY] or key.count(key[0]) == len(key):
            continue
        for place in places.get(key, ()):
            if abs(place - y) <= _FURTHEST:
                moved.setdefault(place - y, []).append(y)
    if not moved:
        return None
    by, ys = max(moved.items(), key=lambda each: len(each[1]))
    first, last = (ys[0], ys[-1] + by) if by > 0 else (ys[0] + by, ys[-1])
    stays = sum(_differing(before[y], after[y]) for y in range(first, last + 1))
    moves = sum(
        _differing(before[y + by], after[y]) if first <= y + by <= last else _written(after[y])
        for y in range(first, last + 1)
    )
    return (first, last, by) if stays > moves + _SCROLLING else None


def _differing(one: Row, other: Row) -> int:
    """How many cells differ."""
    return 0 if one is other else sum(map(ne, one, other))


def _written(row: Row) -> int:
    """How many cells of a row have something in them."""
    return sum(text != " " for text, _ in row)


class _Painter:
    """Writes cells, and knows where the cursor is and with what it writes, as far as that is certain."""

    def __init__(self, erases_with_colour: bool) -> None:
        self._erases_with_colour = erases_with_colour
        self._out: list[str] = []
        self._pen = ""
        self._column: int | None = None
        self._row: int | None = None
        self._is_certain = True  # that it is in that column

    def scroll(self, rows: Sequence[Row], first: int, last: int, by: int) -> list[Row]:
        """Move the rows `first` to `last` by `by` rows upwards (down where negative); what is then on the screen."""
        step, at = ("\n" * by, last) if by > 0 else ("\x1bM" * -by, first)
        self._out.append(f"\x1b[{first + 1};{last + 1}r\x1b[{at + 1};1H{step}\x1b[r")
        blank = [(BLANK,) * len(rows[0])] * abs(by)
        moved = list(rows[first : last + 1])
        moved = moved[by:] + blank if by > 0 else blank + moved[:by]
        return [*rows[:first], *moved, *rows[last + 1 :]]

    def paint(self, before: Sequence[Row | None], after: Sequence[Row]) -> str:
        """Everything so far, and what makes `before` into `after`."""
        for y, (old, new) in enumerate(zip(before, after, strict=True)):
            if old is not new and old != new:
                for begin, end in _runs(old, new):
                    self._write(y, new, begin, end)
        self._out.append(transition(self._pen, ""))
        return "".join(self._out)

    def _write(self, y: int, row: Row, begin: int, end: int) -> None:
        x = begin
        while x < end:
            blanks = _blanks(row, x)
            if blanks >= _ERASED and self._erases(row[x]):
                to_the_end = x + blanks == len(row)
                blanks = min(blanks, end - x)
                self._move(x, y)
                self._take_pen(row[x])
                self._out.append("\x1b[K" if to_the_end else f"\x1b[{blanks}X")
                x += blanks
                continue
            text = row[x][0]
            if text:
                self._move(x, y)
                self._take_pen(row[x])
                self._out.append(text)
                right = x + (2 if row[x + 1 : x + 2] and not row[x + 1][0] else 1)
                width = width_of(text)
                # At the right border some cursors stand still and some have left it.
                stays = right == len(row) or width in (Width.AMBIGUOUS, Width.UNKNOWN)
                self._column = None if stays else right
                self._is_certain = self._is_certain and width is Width.CERTAIN
            x += 1

    def _erases(self, cell: Cell) -> bool:
        attributes, _, background = taken_apart(cell[1])
        return not attributes and (self._erases_with_colour or not background)

    def _take_pen(self, cell: Cell) -> None:
        text, look = cell
        # Between words of a colour, blanks can have it too: nobody sees it.
        if look != self._pen and not (text == " " and seen_on_blank(self._pen) == look):
            self._out.append(transition(self._pen, look))
            self._pen = look

    def _move(self, x: int, y: int) -> None:
        if (self._column, self._row) == (x, y):
            return
        row, column = f"{y + 1}" if y else "", f"{x + 1}" if x else ""
        ways = [f"\x1b[{row}{';' if column else ''}{column}H"]
        if self._row == y:
            ways.append(f"\x1b[{column}G" if x else "\r")
            if self._column is not None and x > self._column and self._is_certain:
                ways.append(f"\x1b[{x - self._column}C")
        self._out.append(min(ways, key=len))
        self._column, self._row, self._is_certain = x, y, True


def _runs(old: Row | None, new: Row) -> list[tuple[int, int]]:
    """The parts of a row to write, as first and last column, the last excluded."""
    if old is None or _is_unknown(new) or _is_unknown(old):
        return [(0, len(new))]
    runs: list[tuple[int, int]] = []
    for x in compress(range(len(new)), map(ne, old, new)):
        # A wide character is written whole, from whichever half changed; and one that may be drawn wide with what
        # would be under its right half.
        begin, end = x, x + 1
        while begin > 0 and not new[begin][0]:
            begin -= 1
        if end < len(new) and width_of(new[begin][0]) is Width.AMBIGUOUS:
            end += 1
        while end < len(new) and not new[end][0]:
            end += 1
        if runs and begin - runs[-1][1] <= _NEAR:
            runs[-1] = (runs[-1][0], max(end, runs[-1][1]))
        else:
            runs.append((begin, end))
    return runs


def _is_unknown(row: Row) -> bool:
    texts = [text for text, _ in row]
    return not "".join(texts).isascii() and any(width_of(text) is Width.UNKNOWN for text in texts)


def _blanks(row: Row, begin: int) -> int:
    """How many cells from `begin` on are the same blank."""
    first = row[begin]
    if first[0] != " ":
        return 0
    end = begin
    while end < len(row) and row[end] == first:
        end += 1
    return end - begin
