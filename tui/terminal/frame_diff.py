"""From one frame to the next in as few bytes as a plain terminal understands.

Only what changed is written: runs of cells, with the shortest move to each; what scrolled is moved by the terminal
itself (margins, and a newline at the lower or a reverse index at the upper one, which every terminal knows).
"""

from __future__ import annotations

from collections.abc import Sequence

from tui.terminal.cells import BLANK, Cell, Row, is_uncertain, taken_apart
from tui.terminal.sgr import transition

_NEAR = 4  # cells that are rather written again than jumped over
_ERASED = 9  # blanks that are rather erased than written
_MOVED = 3  # rows from which on scrolling is looked at
_FURTHEST = 24  # rows
_KEY = 49  # cells


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
        places.setdefault(_key(before[y]), []).append(y)
    moved: dict[int, list[int]] = {}
    for y in changed:
        key = _key(after[y])
        if key.count(key[0]) < len(key):
            for place in places.get(key, ()):
                if 0 < abs(place - y) <= _FURTHEST:
                    moved.setdefault(place - y, []).append(y)
    if not moved:
        return None
    by, ys = max(moved.items(), key=lambda each: len(each[1]))
    first, last = (ys[0], ys[-1] + by) if by > 0 else (ys[0] + by, ys[-1])
    # Rows that stood still are torn along, and those that the terminal brings in have to be written.
    torn = sum(before[y] == after[y] for y in range(first, last + 1))
    return (first, last, by) if len(ys) >= _MOVED + torn else None


def _key(row: Row) -> Row:
    """What a row is known by when it is looked for elsewhere: its beginning, without a border or a scrollbar."""
    return row[1:_KEY] or row


class _Painter:
    """Writes cells, and knows where the cursor is and with what it writes, as far as that is certain."""

    def __init__(self, erases_with_colour: bool) -> None:
        self._erases_with_colour = erases_with_colour
        self._out: list[str] = []
        self._pen = ""
        self._column: int | None = None
        self._row: int | None = None

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
                self._take_pen(row[x][1])
                self._out.append("\x1b[K" if to_the_end else f"\x1b[{blanks}X")
                x += blanks
                continue
            text, look = row[x]
            if text:
                self._move(x, y)
                self._take_pen(look)
                self._out.append(text)
                right = x + (2 if row[x + 1 : x + 2] and not row[x + 1][0] else 1)
                # At the right border some cursors stand still and some have left it.
                self._column = right if right < len(row) and not is_uncertain(text) else None
            x += 1

    def _erases(self, cell: Cell) -> bool:
        attributes, _, background = taken_apart(cell[1])
        return not attributes and (self._erases_with_colour or not background)

    def _take_pen(self, look: str) -> None:
        self._out.append(transition(self._pen, look))
        self._pen = look

    def _move(self, x: int, y: int) -> None:
        if (self._column, self._row) == (x, y):
            return
        row, column = f"{y + 1}" if y else "", f"{x + 1}" if x else ""
        ways = [f"\x1b[{row}{';' if column else ''}{column}H"]
        if self._row == y:
            ways.append(f"\x1b[{column}G" if x else "\r")
            if self._column is not None and x > self._column:
                ways.append(f"\x1b[{x - self._column}C")
        self._out.append(min(ways, key=len))
        self._column, self._row = x, y


def _runs(old: Row | None, new: Row) -> list[tuple[int, int]]:
    """The parts of a row to write, as first and last column, the last excluded."""
    if old is None or _is_uncertain(new) or _is_uncertain(old):
        return [(0, len(new))]
    runs: list[tuple[int, int]] = []
    for x, (one, other) in enumerate(zip(old, new, strict=True)):
        if one == other:
            continue
        # A wide character is written whole, from whichever half changed.
        begin, end = x, x + 1
        while begin > 0 and not new[begin][0]:
            begin -= 1
        while end < len(new) and not new[end][0]:
            end += 1
        if runs and begin - runs[-1][1] <= _NEAR:
            runs[-1] = (runs[-1][0], max(end, runs[-1][1]))
        else:
            runs.append((begin, end))
    return runs


def _is_uncertain(row: Row) -> bool:
    texts = [text for text, _ in row]
    return not "".join(texts).isascii() and any(map(is_uncertain, texts))


def _blanks(row: Row, begin: int) -> int:
    """How many cells from `begin` on are the same blank."""
    first = row[begin]
    if first[0] != " ":
        return 0
    end = begin
    while end < len(row) and row[end] == first:
        end += 1
    return end - begin
