"""One sentence to the user, in place, above the prompt: what is wrong, or what was done, and the next step."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from typing import ClassVar

from textual.content import Content
from textual.widgets import Static

from tui.terminal.display import is_plain, with_present_keys
from tui.widgets.visible import told

_READ_S = 1.5


class Notice(Static):
    """Shown while it has something to say. It never takes the focus and never covers anything."""

    DEFAULT_CSS: ClassVar[str] = """
    Notice {
        height: auto;
        max-height: 8;
        padding: 0 1;
        display: none;
        color: $text-muted;
        &.-shown { display: block; }
        &.-warning { color: $text-warning; }
        &.-error { color: $text-error; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._said = ""
        self._severity = "information"
        self._warnings: list[str] = []
        self._stays = False
        self._lasts: Callable[[], bool] | None = None
        self._said_at = 0.0

    def say(
        self,
        text: str,
        severity: str = "information",
        *,
        stays: bool = False,
        lasts: Callable[[], bool] | None = None,
    ) -> None:
        """Show `text` in place of what was there.

        Args:
            text: What to tell.
            severity: "information", "warning" or "error".
            stays: It is not taken away by typing, as information is, and the warnings that are there stay, too.
            lasts: What it is about is still so; it goes with that, at the next `look`.
        """
        if not stays:
            self._warnings.clear()
        self._said, self._severity = text, severity
        self._stays, self._lasts = stays, lasts
        self._said_at = time.monotonic()
        self._show()

    def _show(self) -> None:
        said = [(self._severity, [self._said] if self._said else []), ("warning", self._warnings)]
        severity = "warning" if self._warnings and self._severity == "information" else self._severity
        lines: list[str] = []
        for each, texts in said:
            is_named = each != "information" and is_plain(self.app)
            lines += [
                f"{each.capitalize()}: {text}" if is_named and not place else text for place, text in enumerate(texts)
            ]
        self.update(Content(told(with_present_keys(self.app, "\n".join(lines)))))
        self.set_class(severity == "warning", "-warning")
        self.set_class(severity == "error", "-error")
        self.add_class("-shown")

    def add(self, texts: Iterable[str]) -> None:
        """Show warnings below those that are there: what is wrong with a file must not hide what is with another.

        What was only told, and does not stay, makes room for them.
        """
        if added := [text for text in texts if text not in self._warnings]:
            if self._severity == "information" and not self._stays:
                self._said, self._lasts = "", None
            self._warnings += added
            self._show()

    def withdraw(self, texts: Collection[str]) -> None:
        """Take these warnings away: what they were about is right now."""
        left = [text for text in self._warnings if text not in texts]
        if left != self._warnings:
            self._warnings = left
            self._show_or_hide()

    def fade(self) -> None:
        """Take it away if it only told that something was done, and there was time to read it."""
        is_information = not (self.has_class("-warning") or self.has_class("-error"))
        if is_information and not self._stays and time.monotonic() - self._said_at > _READ_S:
            self.clear()

    def look(self) -> None:
        """Take it away if what it is about is no longer so; to be called again and again."""
        if self._lasts is not None and not self._lasts():
            self.clear(warnings=False)

    @property
    def shown(self) -> bool:
        """It says something."""
        return self.has_class("-shown")

    def clear(self, *, warnings: bool = True) -> bool:
        """Take it away, with or without the warnings; False where there was none."""
        was_shown = self.shown
        self._said, self._severity, self._stays, self._lasts = "", "information", False, None
        if warnings:
            self._warnings.clear()
        self._show_or_hide()
        return was_shown

    def _show_or_hide(self) -> None:
        if self._said or self._warnings:
            self._show()
        else:
            self.remove_class("-shown")
