"""The keys that work on a screen, from its bindings themselves, so that remapped ones are shown as they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import ClassVar

from textual.app import App
from textual.binding import ActiveBinding, Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, TextArea

from tui.screens.key_table import FIRST
from tui.screens.keymap import keys_of
from tui.screens.reading_panel import ReadingPanel
from tui.terminal.display import TerminalApp
from tui.terminal.key_names import NO_KEY
from tui.terminal.other_keys import KeyInWords, told
from tui.widgets.fact_list import FactList
from tui.widgets.keys_row import key_label
from tui.widgets.message_box import MessageBox

CHOSEN = "A chosen message"
"""The group of the keys of a message."""
FIRST_OF_ALL = "First of all"
_HERE, _SCREEN, _EVERYWHERE, _TYPING = "Where you are now", "This screen", "Everywhere", "Typing"
_KEY_COLUMN = 16  # columns at most


class HelpScreen(ReadingPanel):
    """The keys, in groups.

    Args:
        bindings: Those of the screen, by key, as `Screen.active_bindings` gives them.
        of: What they belong to; "" for the chat.
        chosen: Those of a message, which work when it is chosen.
    """

    HEADING = "Keys"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "close", "Close", id="help.close", tooltip="Back to where you were.", show=False),
    ]

    def __init__(self, bindings: Mapping[str, ActiveBinding], of: str = "", chosen: Iterable[BindingType] = ()) -> None:
        super().__init__()
        self._bindings_below = bindings
        self._chosen = [each for each in chosen if isinstance(each, Binding)]
        self._of = of

    def on_mount(self) -> None:
        self.show_facts(self._of)

    def parts(self) -> Iterable[Widget]:
        chosen = [replace(each, key=key) for each in self._chosen for key in keys_of(self.app, each.id or "", each.key)]
        words = self.app.keys_in_words if isinstance(self.app, TerminalApp) else ()
        groups = _grouped(self._bindings_below, chosen, words)
        width = min(_KEY_COLUMN, max((len(keys) for entries in groups.values() for keys, _ in entries), default=0))
        yield FactList(groups, width, "bold")


def _grouped(
    bindings: Mapping[str, ActiveBinding], chosen: Iterable[Binding], words: Collection[KeyInWords]
) -> dict[str, list[tuple[str, str]]]:
    """(keys, what they do) by group: what is needed first, those of what has the focus, all others, typing last."""
    found: dict[str, dict[tuple[str, str], list[str]]] = {}

    def add(group: str, binding: Binding, key: str) -> None:
        place = (binding.id or "").partition(".")[0]
        entry = (binding.action, told(binding.tooltip or binding.description, words, (place,)))
        keys = found.setdefault(group, {}).setdefault(entry, [])
        if (shown := key_label(binding.key_display or key)) not in keys:
            keys.append(shown)

    by_need = sorted(bindings.items(), key=lambda each: _need(each[1]))
    for key, active in by_need:
        # Those without an id are Textual's own for every screen, and say nothing about this one.
        if active.binding.id is not None and not active.binding.system and key != NO_KEY:
            add(_group(active), active.binding, key)
    for binding in chosen:
        add(CHOSEN, binding, binding.key)
    order = {FIRST_OF_ALL: -2, _HERE: -1, CHOSEN: 1, _TYPING: 2}
    names = sorted(found, key=lambda name: order.get(name, 0))
    return {name: [(", ".join(keys), text) for (_, text), keys in found[name].items()] for name in names}


def _need(active: ActiveBinding) -> int:
    id = active.binding.id or ""
    return FIRST.index(id) if id in FIRST else len(FIRST)


def _group(active: ActiveBinding) -> str:
    if active.binding.id in FIRST:
        return FIRST_OF_ALL
    if active.binding.group is not None and active.binding.group.description:
        return active.binding.group.description
    if isinstance(active.node, MessageBox):
        return CHOSEN
    if isinstance(active.node, Screen):
        return _SCREEN
    if isinstance(active.node, App):
        return _EVERYWHERE
    return _TYPING if isinstance(active.node, Input | TextArea) else _HERE
