"""What an empty conversation says: five lines that are enough to begin."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.widgets import Static

from tui.terminal.display import with_present_keys

_TEXT = """\
Write below; Enter sends, Ctrl+J begins a new line.
Esc stops an answer and keeps its text; Alt+G goes on with it.
Ctrl+O lists your conversations, Ctrl+F searches them; every word is saved.
F3 switches the model, F6 and F7 change the temperature, F8 the preset.
F1 shows all keys, Ctrl+P every action; Ctrl+Q quits."""
_TEMPORARY = "This conversation is temporary: nothing of it is stored."


class FirstRun(Static):
    """Stands where the first message will be."""

    DEFAULT_CSS: ClassVar[str] = "FirstRun { color: $text-muted; padding: 1 2; height: auto; }"

    def __init__(self, *, temporary: bool = False) -> None:
        super().__init__()
        self._text = _TEMPORARY if temporary else _TEXT

    def on_mount(self) -> None:
        """Follow the keys, which may be others."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self._show())
        self._show()

    def _show(self) -> None:
        self.update(Content(with_present_keys(self.app, self._text)))
