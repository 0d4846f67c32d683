"""A panel with a box to type into and a list below it; what is typed does what the subclass says."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.screens.panel import Panel
from tui.screens.type_ahead import changes_screen
from tui.terminal.display import with_present_keys
from tui.widgets.line_input import LineInput
from tui.widgets.notice import Notice
from tui.widgets.row_list import ROW_KEYS, Heading, Line, RowKeys, RowList
from tui.widgets.visible import visible

Result = TypeVar("Result")
Item = TypeVar("Item")


class ListPanel(RowKeys, Panel[Result | None], Generic[Result, Item]):
    """The panel. The box keeps the focus; the keys of the list work beside it."""

    PLACEHOLDER: ClassVar[str] = ""
    LINES: ClassVar[int] = 1

    BINDINGS: ClassVar[list[BindingType]] = [
        # With priority: the box itself would take Enter.
        Binding("enter", "choose", "Open", id="list.choose", tooltip="Open the marked one."),
        *ROW_KEYS,
    ]

    DEFAULT_CSS: ClassVar[str] = """
    ListPanel {
        Input { background: $surface; padding: 0 2; }
        .list--empty { height: auto; padding: 0 2; color: $text-muted; display: none; }
        &.-empty .list--empty { display: block; }
        &.-empty RowList { display: none; }
        Notice { padding: 0 2; }
        &.-tall Input { margin-bottom: 1; }
        &.-tall Notice { margin-top: 1; }
    }
    """

    @abstractmethod
    def draw(self, item: Item, width: int) -> Sequence[Line]:
        """The lines of an item."""

    @abstractmethod
    def answer(self, item: Item) -> Result | None:
        """What choosing an item answers; None where it cannot be chosen."""

    @abstractmethod
    def typed(self, text: str) -> None:
        """The text in the box has changed."""

    def content(self) -> Iterable[Widget]:
        yield LineInput(placeholder=self.PLACEHOLDER, compact=True)
        yield Static("", classes="list--empty")
        yield RowList(self.draw, lines=self.LINES)
        yield Notice()

    @property
    def rows(self) -> RowList[Item]:
        return self.query_one(RowList)

    @property
    def text(self) -> str:
        """What is typed."""
        return self.query_one(Input).value

    def show_items(self, items: Sequence[Item | Heading], *, cursor: int | None = None, empty: str = "") -> None:
        """Put `items` in the list; where there are none, `empty` says why."""
        self.query_one(".list--empty", Static).update(Content(visible(with_present_keys(self.app, empty))))
        self.set_class(not items, "-empty")
        self.rows.show(items, cursor)
        self.refresh_bindings()

    def say(self, text: str, severity: str = "information") -> None:
        """A sentence below the list."""
        self.query_one(Notice).say(text, severity)

    def fail(self, error: Exception) -> None:
        """What went wrong, below the list; what was there stays."""
        self.say(str(error), "error")

    @changes_screen
    def action_choose(self) -> None:
        item = self.rows.current
        if item is not None and (answer := self.answer(item)) is not None:
            self.dismiss(answer)

    def action_close(self) -> None:
        # First back to the whole list: who mistypes wants to type again, not to open the panel again.
        if box := next((box for box in self.query(Input) if box.value), None):
            box.clear()
        else:
            super().action_close()

    def on_row_list_chosen(self) -> None:
        self.action_choose()

    def on_input_submitted(self) -> None:
        self.action_choose()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.query_one(Notice).clear()
        self.typed(event.value)
