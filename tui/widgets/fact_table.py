"""What there is to say of a thing, and below it labels and values: short ones in two columns, long ones a row each."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from tui.widgets.visible import one_line

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

    def show(self, said: Content, short: Facts, long: Facts) -> None:
        """Show what is `said` on top, `short` facts beside each other, and `long` ones below them."""
        if (said, short, long) != (self._said, self._short, self._long):
            self._said, self._short, self._long = said, short, long
            self.refresh()

    def render(self) -> Content:
        width = self.size.width
        columns = 2 if width >= _TWO_COLUMNS else 1
        room = (width - _GAP * (columns - 1)) // columns
        short = [_cell(fact, room) for fact in self._short]
        rows = [Content(" " * _GAP).join(short[at : at + columns]) for at in range(0, len(short), columns)]
        said = [self._said] if self._said else []
        return Content("\n").join([*said, *rows, *(_cell(fact, width) for fact in self._long)])


def _cell(fact: tuple[str, str], room: int) -> Content:
    label, value = fact
    text = Content.assemble((f"{label:{_LABEL}}", "dim"), one_line(value))
    return text.truncate(max(1, room), ellipsis=True, pad=True)
