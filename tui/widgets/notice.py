"""One sentence to the user, in place, above the prompt: what is wrong, or what was done, and the next step."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.widgets import Static


class Notice(Static):
    """Shown while it has something to say. It never takes the focus and never covers anything."""

    DEFAULT_CSS: ClassVar[str] = """
    Notice {
        height: auto;
        max-height: 4;
        padding: 0 1;
        display: none;
        color: $text-muted;
        &.-shown { display: block; }
        &.-warning { color: $text-warning; }
        &.-error { color: $text-error; }
    }
    """

    def say(self, text: str, severity: str = "information") -> None:
        """Show `text` in place of what was there; `severity` is information, warning or error."""
        self.update(Content(text))
        self.set_class(severity == "warning", "-warning")
        self.set_class(severity == "error", "-error")
        self.add_class("-shown")

    def clear(self) -> bool:
        """Take it away; False where there was none."""
        was_shown = self.has_class("-shown")
        self.remove_class("-shown")
        return was_shown
