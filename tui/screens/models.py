"""The local models, to switch to one of them. What cannot be used is listed with the reason."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from tui.screens.list_panel import ListPanel
from tui.store import paths
from tui.widgets.row_list import Line
from tui.widgets.visible import one_line

if TYPE_CHECKING:
    from tui.library.local import LocalModel

_UNITS = ("B", "kB", "MB", "GB", "TB")


class ModelsScreen(ListPanel[str, "LocalModel"]):
    """The list; answers the name of the model to use.

    Args:
        models: Looks for them; called in a thread.
        current: Name of the model in use; None for none.
        reason: Why one has to be chosen; "" where the user wanted to.
    """

    HEADING = "Models"
    PLACEHOLDER = "Type to filter by name"
    LINES = 2

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Use it", id="models.choose", tooltip="Load the marked model."),
    ]

    def __init__(self, models: Callable[[], Sequence[LocalModel]], current: str | None, reason: str = "") -> None:
        super().__init__()
        self._reason = reason
        self._models = models
        self._current = current
        self._found: Sequence[LocalModel] | None = None

    def on_mount(self) -> None:
        self.show_facts("looking …")
        places = f"Models are looked for in {paths.models_dir()} and in the Hugging Face cache."
        self.say(f"{self._reason} {places}".strip(), "warning" if self._reason else "information")
        self._read()

    @work
    async def _read(self) -> None:
        self._found = await asyncio.to_thread(self._models)
        self._show()

    def _show(self) -> None:
        found = self._found or ()
        words = self.text.casefold().split()
        items = [each for each in found if all(word in each.name.casefold() for word in words)]
        names = [each.name for each in items]
        cursor = names.index(self._current) if self._current in names else None
        empty = "No model's name has that." if found else "There is no model here."
        self.show_items(items, cursor=cursor, empty=empty)
        self.show_facts(f"{len(items)} of {len(found)}" if words else str(len(found)))

    def typed(self, text: str) -> None:
        if self._found is not None:
            self._show()

    def draw(self, item: LocalModel, width: int) -> Sequence[Line]:
        mark = "in use  " if item.name == self._current else ""
        size = "" if item.size_bytes is None else _size(item.size_bytes)
        first = Line(Content(one_line(item.name)), Content.assemble((mark, "$text-primary"), (size, "dim")))
        if item.problem:
            return [first, Line(Content.styled(f"Cannot be used: {one_line(item.problem)}", "$text-error"))]
        return [first, Line(Content.styled(one_line(_short(item.path)), "dim"))]

    def answer(self, item: LocalModel) -> str | None:
        if item.problem:
            # The whole sentence: the list has one line for it.
            self.say(f"{item.name} cannot be used: {item.problem}", "error")
            return None
        return item.name


def _size(size: int) -> str:
    """A size with its unit, in powers of 1000 as `ls --si` has it: 1.4 GB."""
    value = float(size)
    for unit in _UNITS:
        if value < 999.5 or unit == _UNITS[-1]:
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" or value >= 10 else f"{value:.1f} {unit}"


def _short(path: Path) -> str:
    """A path, with the home folder as ~."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(path)
