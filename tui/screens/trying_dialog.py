"""Asks for a text and does something with it; why that cannot be is said in place, where it can be corrected."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import ClassVar, Generic, TypeVar

from textual import work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.engine.errors import OvchatError
from tui.screens.dialogs import Dialog
from tui.store.errors import StoreError
from tui.widgets.line_input import LineInput
from tui.widgets.visible import told

Result = TypeVar("Result")

_SAID = 4  # rows for what is wrong


class TryingDialog(Dialog[Result | None], Generic[Result]):
    """The box; answers what `do` has answered.

    Args:
        title: What it is about.
        value: What stands there first, selected.
        text: What there is to know.
        do: Called in a thread with what is written; what it raises of ovchat's own errors is said.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "accept", "OK", id="dialog.accept", tooltip="Take what is written."),
    ]

    DEFAULT_CSS: ClassVar[str] = """
    TryingDialog {
        Input { background: $background; }
        .dialog--box { max-width: 80; }
        .trying--said { height: auto; color: $text-muted; }
        .trying--said.-wrong { color: $text-error; }
    }
    """

    def __init__(self, title: str, value: str = "", *, text: str = "", do: Callable[[str], Result]) -> None:
        super().__init__(title, text)
        self._value = value
        self._do = do
        self._is_trying = False

    def content(self) -> Iterable[Widget]:
        yield LineInput(self._value, compact=True, select_on_focus=True)
        yield VerticalScroll(Static("", classes="trying--said"), classes="trying--room", can_focus=False)

    def fit(self, rows: int) -> int:
        said = min(_SAID, max(1, rows - 1))
        self.query_one(".trying--room").styles.height = said
        return 1 + said

    def on_input_changed(self) -> None:
        if not self._is_trying:
            self._say("")

    def on_input_submitted(self) -> None:
        self.action_accept()

    def action_accept(self) -> None:
        if not self._is_trying and self.query_one(Input).value.strip():
            self._try(self.query_one(Input).value)

    @work
    async def _try(self, text: str) -> None:
        self._is_trying = True
        self._say("…")
        try:
            self.dismiss(await asyncio.to_thread(self._do, text))
        except (OvchatError, StoreError) as error:
            self._say(str(error), wrong=True)
        finally:
            self._is_trying = False

    def _say(self, text: str, *, wrong: bool = False) -> None:
        said = self.query_one(".trying--said", Static)
        said.set_class(wrong, "-wrong")
        said.update(Content(told(text)))
