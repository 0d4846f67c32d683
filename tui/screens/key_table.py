"""All keys with what they do, from the bindings themselves."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import ModuleType

from textual.app import App
from textual.binding import ActiveBinding, Binding
from textual.dom import DOMNode
from textual.screen import Screen

from tui.terminal.key_names import NO_KEY, types
from tui.widgets.keys_row import key_label

_CHAT = ("chat", "app", "prompt")
FIRST = (
    "prompt.send",
    "prompt.new_line",
    "chat.back",
    "chat.interrupt",
    "chat.help",
    "app.palette",
    "app.quit",
    "chat.edit_externally",
)
"""What somebody who sees the chat for the first time looks for, by id."""
_SEND = FIRST[:2]
# What only terminals with an extended protocol, or with a Mac's keyboard, can send.
_RARE = ("super+", "shift+enter", "ctrl+enter")
# The widgets of the chat screen that take the focus; any other one may be on any other screen.
_CHAT_WIDGETS = ("prompt", "message", "sampling")


@dataclass(frozen=True, slots=True)
class KeyRow:
    """What some keys do.

    Attributes:
        id: Of the binding, by which it can be remapped.
        keys: Their names.
        action: As Textual runs it.
        label: A few words.
        help: A sentence.
        default_keys: Those that it has without the user's settings.
    """

    id: str
    keys: tuple[str, ...]
    action: str
    label: str
    help: str
    default_keys: tuple[str, ...]

    @property
    def place(self) -> str:
        """Where they work: what the id begins with."""
        return self.id.partition(".")[0]

    @property
    def shown(self) -> str:
        """The keys as people write them; a letter is written one way, small or not."""
        return ", ".join(dict.fromkeys(map(key_label, self.keys)))


@dataclass(frozen=True, slots=True)
class KeyTable:
    """Every key of the app, on all of its screens.

    Attributes:
        rows: What works in the chat first, each with its default keys.
        together: By id, the ids of all that works where it does.
        typeless: The ids of what works only where nobody types.
    """

    rows: Sequence[KeyRow]
    together: Mapping[str, frozenset[str]]
    typeless: frozenset[str]


@cache
def key_table(app: type[App[None]]) -> KeyTable:
    """The table of `app`. Imports every screen and widget, the first time."""
    from tui import screens, widgets

    panels = [each for each in _owners(screens) if issubclass(each, Screen)]
    boxes = [each for each in _owners(widgets) if _ids(each)]
    rows: dict[str, KeyRow] = {}
    for owner in (app, *_owners(screens), *_owners(widgets)):
        for binding in _own(owner):
            rows.setdefault(binding.id or "", _row(binding, binding.key.split(",")))
    together: dict[str, set[str]] = {id: set() for id in rows}
    everywhere = _ids(app)
    for panel in panels:
        here = everywhere | _ids(panel)
        is_chat = any(id.startswith("chat.") for id in here)
        inside = [_ids(box) for box in boxes if is_chat == (_place(box) in _CHAT_WIDGETS)]
        for ids in (here | box for box in inside or [frozenset()]):
            for id in ids:
                together[id] |= ids
    places = {name: place for place, name in enumerate(_CHAT)}
    ordered = sorted(rows.values(), key=lambda row: (places.get(row.place, len(places)), row.place))
    alone = {id: frozenset(ids - {id}) for id, ids in together.items()}
    return KeyTable(ordered, alone, _typeless((app, *panels, *boxes)))


def with_keys(rows: Iterable[KeyRow], keys: Mapping[str, Sequence[str]]) -> list[KeyRow]:
    """The rows with other keys, by id."""
    return [replace(row, keys=tuple(keys[row.id])) if row.id in keys else row for row in rows]


def active_rows(bindings: Mapping[str, ActiveBinding]) -> list[KeyRow]:
    """Those that work on a screen now, as they may have been remapped."""
    keys: dict[str, tuple[Binding, list[str]]] = {}
    for key, active in bindings.items():
        if active.binding.id and key != NO_KEY:
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


def _own(owner: type) -> list[Binding]:
    """The bindings with an id that a class itself declares."""
    return [each for each in vars(owner).get("BINDINGS", ()) if isinstance(each, Binding) and each.id]


def _ids(owner: type) -> frozenset[str]:
    """The ids of a class and of those that it is made from."""
    return frozenset(binding.id for each in owner.__mro__ for binding in _own(each) if binding.id)


def _place(owner: type) -> str:
    return min(_ids(owner)).partition(".")[0]


def _typeless(owners: Iterable[type]) -> frozenset[str]:
    """Where a class has a character for a key, nobody types."""
    typeless, typed = set[str](), set[str]()
    for owner in owners:
        for each in owner.__mro__:
            bindings = _own(each)
            has_character = any(types(key) for binding in bindings for key in binding.key.split(","))
            (typeless if has_character else typed).update(binding.id for binding in bindings if binding.id)
    return frozenset(typeless - typed)


def _row(binding: Binding, keys: Sequence[str]) -> KeyRow:
    help = binding.tooltip or binding.description
    return KeyRow(binding.id or "", tuple(keys), binding.action, binding.description, help, tuple(keys))
