"""The last row of a panel, or the last two: its keys, as many as fit. And how a key is called, here and in the help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import ActiveBinding
from textual.content import Content
from textual.keys import format_key
from textual.screen import Screen
from textual.widget import Widget

from tui.terminal.key_names import NO_KEY

_NAMES = {
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "space": "Space",
    "backspace": "Backspace",
    "delete": "Del",
    "insert": "Ins",
    "home": "Home",
    "end": "End",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "ctrl": "Ctrl",
    "alt": "Alt",
    "shift": "Shift",
    "super": "Super",
}
# What everybody tries anyway, and where all the others are: at the end, and they stay.
_LAST = ("close", "cancel", "help")
_GAP = "  "


def key_label(key: str) -> str:
    """A key as people write it: `ctrl+pageup` is `Ctrl+PgUp`."""
    return "+".join(_NAMES.get(part) or format_key(part).upper() for part in key.split("+"))


class KeysRow(Widget):
    """The keys of the screen that are to be shown, in the order of its bindings."""

    DEFAULT_CSS: ClassVar[str] = """
    KeysRow { height: 1; width: 1fr; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, screen: Screen[object]) -> None:
        self.refresh()

    def render(self) -> Content:
        entries = _entries(self.screen.active_bindings)
        known = [entry for action, entry in entries.items() if action not in _LAST]
        last = [entries[action] for action in _LAST if action in entries]
        while len(rows := _rows(known + last, self.size.width)) > max(1, self.size.height) and known:
            known.pop()
        return Content("\n").join(
            Content(_GAP).join(Content.assemble((key_label(key), "bold $text"), f" {label}") for key, label in row)
            for row in rows
        )


def _rows(entries: list[tuple[str, str]], width: int) -> list[list[tuple[str, str]]]:
    """The entries in rows of a width, in their order."""
    rows: list[list[tuple[str, str]]] = [[]]
    for entry in entries:
        if rows[-1] and _width([*rows[-1], entry]) > width:
            rows.append([])
        rows[-1].append(entry)
    return rows


def _width(entries: list[tuple[str, str]]) -> int:
    return len(_GAP.join(f"{key_label(key)} {label}" for key, label in entries))


def _entries(bindings: Mapping[str, ActiveBinding]) -> dict[str, tuple[str, str]]:
    """(key, label) of each action that is to be shown, by its first key."""
    found: dict[str, tuple[str, str]] = {}
    for key, active in bindings.items():
        if active.binding.show and active.enabled and key != NO_KEY:
            found.setdefault(active.binding.action, (key, active.binding.description))
    return found
