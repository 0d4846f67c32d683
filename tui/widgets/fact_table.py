"""What there is to say of a thing, and below it labels and values: short ones in two columns, long ones a row each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from tui.widgets.memory_picture import memory_row
from tui.widgets.visible import one_line

if TYPE_CHECKING:
    from tui.engine.memory_need import MemoryNeed

_LABEL = 13
_GAP = 2
_TWO_COLUMNS = 70

Facts = Sequence[tuple[str, str]]


class FactTable(Widget):
    """As many rows as there is room for. What is said is wrapped, a value that is too long is cut."""

    def __init__(self) -> None:
        super().__init__()
        self._said = Content()
        self._short: Facts = ()
        self._long: Facts = ()
        self._need: MemoryNeed | None = None

    def show(self, said: Content, short: Facts, long: Facts, need: MemoryNeed | None = None) -> None:
        """Show what is `said` on top, `short` facts beside each other, a picture of the memory, and `long` facts."""
        if (said, short, long, need) != (self._said, self._short, self._long, self._need):
            self._said, self._short, self._long, self._need = said, short, long, need
            self.refresh()

    def render(self) -> Content:
        width = self.size.width
        columns = 2 if width >= _TWO_COLUMNS else 1
        room = (width - _GAP * (columns - 1)) // columns
        short = [_cell(fact, room) for fact in self._short]
        rows = [Content(" " * _GAP).join(short[at : at + columns]) for at in range(0, len(short), columns)]
        said = [self._said] if self._said else []
        long = [_cell(fact, width) for fact in self._long]
        return Content("\n").join([*said, *rows, *self._picture(width), *long])

    def _picture(self, width: int) -> list[Content]:
        if self._need is None:
            return []
        row = Content.styled(f"{'In memory':{_LABEL}}", "dim") + memory_row(self._need, width - _LABEL)
        return [row.truncate(max(1, width), ellipsis=True, pad=True)]


def _cell(fact: tuple[str, str], room: int) -> Content:
    label, value = fact
    text = Content.assemble((f"{label:{_LABEL}}", "dim"), one_line(value))
    return text.truncate(max(1, room), ellipsis=True, pad=True)
