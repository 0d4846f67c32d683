"""Labels and values in two columns where the width allows, and below them those that need a row each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tui.widgets.visible import one_line

_LABEL = 13
_GAP = 2
_TWO_COLUMNS = 70

Facts = Sequence[tuple[str, str]]


class FactTable(Widget):
    """As many rows as there is room for; a value that is too long is cut."""

    DEFAULT_CSS: ClassVar[str] = """
    FactTable { height: auto; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._short: Facts = ()
        self._long: Facts = ()

    def show(self, short: Facts, long: Facts) -> None:
        """Show `short` ones beside each other, `long` ones below them."""
        if (short, long) != (self._short, self._long):
            self._short, self._long = short, long
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        return Content("\n").join(self._lines(self.size.width))

    def _lines(self, width: int) -> list[Content]:
        columns = 2 if width >= _TWO_COLUMNS else 1
        room = (width - _GAP * (columns - 1)) // columns
        short = [self._cell(fact, room) for fact in self._short]
        rows = [Content(" " * _GAP).join(short[at : at + columns]) for at in range(0, len(short), columns)]
        return [*rows, *(self._cell(fact, width) for fact in self._long)]

    def _cell(self, fact: tuple[str, str], room: int) -> Content:
        label, value = fact
        text = Content.assemble((f"{label:{_LABEL}}", "dim"), one_line(value))
        return text.truncate(max(1, room), ellipsis=True, pad=True)
