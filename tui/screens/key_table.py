"""All keys with what they do, from the bindings themselves."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

from textual.app import App
from textual.binding import ActiveBinding, Binding
from textual.dom import DOMNode

from tui.widgets.keys_row import key_label

_CHAT = ("chat", "app", "prompt")
_SEND = ("prompt.send", "prompt.new_line")
# What only terminals with an extended protocol, or with a Mac's keyboard, can send.
_RARE = ("super+", "shift+enter", "ctrl+enter")


@dataclass(frozen=True, slots=True)
class KeyRow:
    """What some keys do.

    Attributes:
        id: Of the binding, by which it can be remapped.
        keys: Their names.
        action: As Textual runs it.
        label: A few words.
        help: A sentence.
    """

    id: str
    keys: tuple[str, ...]
    action: str
    label: str
    help: str

    @property
    def place(self) -> str:
        """Where they work: what the id begins with."""
        return self.id.partition(".")[0]

    @property
    def shown(self) -> str:
        """The keys as people write them."""
        return ", ".join(map(key_label, self.keys))


def key_table(app: type[App[None]]) -> list[KeyRow]:
    """Every key of the app, on all of its screens: what works in the chat first."""
    from tui import screens, widgets

    rows: dict[str, KeyRow] = {}
    for owner in (app, *_owners(screens), *_owners(widgets)):
        for binding in vars(owner).get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.id:
                rows.setdefault(binding.id, _row(binding, binding.key.split(",")))
    places = {name: place for place, name in enumerate(_CHAT)}
    return sorted(rows.values(), key=lambda row: (places.get(row.place, len(places)), row.place))


def active_rows(bindings: Mapping[str, ActiveBinding]) -> list[KeyRow]:
    """Those that work on a screen now, as they may have been remapped."""
    keys: dict[str, tuple[Binding, list[str]]] = {}
    for key, active in bindings.items():
        if active.binding.id:
            keys.setdefault(active.binding.id, (active.binding, []))[1].append(key)
    return [_row(binding, names) for binding, names in keys.values()]


def chat_keys(rows: Iterable[KeyRow]) -> dict[str, str]:
    """What each key does in the chat."""
    return {key: row.help for row in reversed([*rows]) if row.place in _CHAT for key in row.keys}


def keys_to_see(rows: Iterable[KeyRow]) -> list[str]:
    """The keys of the chat that every terminal can send, apart from those that only move in the text."""
    return [
        key
        for row in rows
        if row.place in _CHAT[:2] or row.id in _SEND
        for key in row.keys
        if not key.startswith(_RARE)
    ]


def _owners(package: ModuleType) -> Iterator[type[DOMNode]]:
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        for each in vars(importlib.import_module(module.name)).values():
            if isinstance(each, type) and issubclass(each, DOMNode) and each.__module__ == module.name:
                yield each


def _row(binding: Binding, keys: Sequence[str]) -> KeyRow:
    help = binding.tooltip or binding.description
    return KeyRow(binding.id or "", tuple(keys), binding.action, binding.description, help)
