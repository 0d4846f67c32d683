"""Asks for a setting's value, and says as it is typed what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.screens.dialogs import Dialog
from tui.screens.type_ahead import changes_screen
from tui.store.settings import Setting
from tui.store.settings_file import as_written
from tui.store.settings_text import parsed
from tui.widgets.line_input import LineInput
from tui.widgets.visible import visible

_SAID = 2  # rows for what is wrong


class ValueDialog(Dialog[object]):
    """The box; answers the value as it stands in the file.

    Args:
        setting: What the value may be.
        value: The present one, as it is typed.
        help: What the setting does.
        check: Why a value that may be there cannot be taken now; "" where it can.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "accept", "Set", id="value.accept", tooltip="Take what is written."),
    ]

    DEFAULT_CSS: ClassVar[str] = """
    ValueDialog {
        Input { background: $background; }
        .value--said { height: auto; color: $text-muted; &.-wrong { color: $text-error; } }
    }
    """

    def __init__(
        self, setting: Setting, value: str, help: str = "", check: Callable[[Any], str] = lambda value: ""
    ) -> None:
        super().__init__(setting.key, help)
        self._setting = setting
        self._value = value
        self._check = check

    def content(self) -> Iterable[Widget]:
        yield LineInput(self._value, compact=True, select_on_focus=True)
        yield Static("", classes="value--said")

    def fit(self, rows: int) -> int:
        return 1 + _SAID

    def on_mount(self) -> None:
        self._say()

    def on_input_changed(self) -> None:
        self._say()

    def on_input_submitted(self) -> None:
        self.action_accept()

    @changes_screen
    def action_accept(self) -> None:
        value, wrong = self._typed()
        if wrong:
            self.app.bell()
        else:
            self.dismiss(as_written(self._setting, value))

    def _typed(self) -> tuple[Any, str]:
        """The value that is typed, and what is wrong with it."""
        try:
            value = parsed(self._setting, self.query_one(Input).value)
        except ValueError as error:
            return None, f"{error}."
        return value, self._check(value)

    def _say(self) -> None:
        _, wrong = self._typed()
        said = self.query_one(".value--said", Static)
        said.set_class(bool(wrong), "-wrong")
        text = wrong or self._setting.range
        said.update(Content(visible(text[:1].upper() + text[1:])))
