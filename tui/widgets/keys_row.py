"""The last row of a panel, or the last two: its keys, as many as fit. And how a key is called, here and in the help."""

from __future__ import annotations

from typing import Any, ClassVar

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
_LAST = {"close": 1, "cancel": 2, "help": 3}
_ALL, _MORE = "Keys", "More"  # what F1 is called: as long as the other
_GAP = "  "


def key_label(key: str) -> str:
    """A key as people write it: `ctrl+pageup` is `Ctrl+PgUp`."""
    return "+".join(_NAMES.get(part) or format_key(part).upper() for part in key.split("+"))


class KeysRow(Widget):
    """The keys of the screen that are to be shown, in the order of its bindings.

    None while another screen is over it: they do not work, and below a dialog would look like the dialog's.
    """

    DEFAULT_CSS: ClassVar[str] = """
    KeysRow { height: 1; width: 1fr; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, screen: Screen[object]) -> None:
        self.refresh()

    def render(self) -> Content:
        if not self.screen.is_active:
            return Content()
        shown = shown_keys(self.screen)
        entries = [(key, active.binding.description) for key, active in shown.values()]
        known = entries[: len(shown.keys() - _LAST.keys())]
        last = entries[len(known) :]
        while len(rows := _rows(known + last, self.size.width)) > max(1, self.size.height) and known:
            known.pop()
            last = [(key, _MORE if label == _ALL else label) for key, label in last]
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


def shown_keys(screen: Screen[Any]) -> dict[str, tuple[str, ActiveBinding]]:
    """By action, the first key and the binding of what a screen's keys do now, where that is to be shown."""
    found: dict[str, tuple[str, ActiveBinding]] = {}
    for key, active in screen.active_bindings.items():
        if active.binding.show and active.enabled and key != NO_KEY:
            found.setdefault(active.binding.action, (key, active))
    return dict(sorted(found.items(), key=lambda each: _LAST.get(each[0], 0)))
