"""Other keys for what keys do, as the settings of the section `keys` say.

A binding's id has a list of keys; none of its keys before stays. What cannot be is refused with a sentence: an id or a
key that there is not, a key that something else has in the same place, a key that is typed where somebody writes, one
that never arrives over SSH, and what would leave no way to send, to quit or to get help.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from textual.app import App

from tui.screens.key_table import KeyRow, KeyTable, with_keys
from tui.store.near import did_you_mean
from tui.terminal.key_names import NO_KEY, key_name, types, why_not
from tui.terminal.other_keys import NONE, KeyInWords, told
from tui.widgets.keys_row import key_label

if TYPE_CHECKING:
    from textual.binding import Keymap

_NEEDED = {
    "prompt.send": "to send a message",
    "app.quit": "to quit",
    "chat.help": "to get help",
    "panel.close": "to leave a panel",
    "dialog.cancel": "to leave a dialog",
}

Keys = Mapping[str, Sequence[str]]
"""By a binding's id, the names of its keys."""


@dataclass(frozen=True, slots=True)
class Remapped:
    """Other keys, checked.

    Attributes:
        keys: Those that can be.
        problems: By id, why what was wanted cannot be: a sentence.
    """

    keys: Keys = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


def check_keys(table: KeyTable, wanted: Keys, id: str, keys: Sequence[str]) -> str:
    """Why a binding cannot have these keys; "" where it can.

    Args:
        table: All bindings.
        wanted: What the settings want now, for this one and for others.
        id: Of the binding.
        keys: As people write them.
    """
    return remapped(table, {**wanted, id: keys}, last=id).problems.get(id, "")


def keymap(keys: Keys) -> Keymap:
    """The same as Textual takes it; without a check."""
    return {id: ",".join(names) or NO_KEY for id, names in keys.items()}


def named(wanted: Keys) -> dict[str, tuple[str, ...]]:
    """Those of `wanted` whose keys there are, by the names that bindings have for them."""
    found: dict[str, tuple[str, ...]] = {}
    for id, keys in wanted.items():
        try:
            found[id] = tuple(dict.fromkeys(map(key_name, keys)))
        except ValueError:
            continue
    return found


def keys_of(app: App[Any], id: str, default: str) -> tuple[str, ...]:
    """The present keys of a binding.

    Args:
        app: With the keys that there are now.
        id: Of the binding.
        default: Its own keys, as the binding has them.
    """
    return _names(app._keymap.get(id, default))


def keys_in_words(table: KeyTable, keys: Keys) -> Sequence[KeyInWords]:
    """What every key is called in sentences, where some are others than by default."""
    return _in_words(with_keys(table.rows, keys)) if keys else ()


def rows_with(table: KeyTable, keys: Keys) -> list[KeyRow]:
    """All bindings with other keys, by id, of which their sentences tell, too."""
    rows = with_keys(table.rows, keys)
    words = _in_words(rows)
    return [replace(row, help=told(row.help, words, (row.place,))) for row in rows]


def _in_words(rows: Iterable[KeyRow]) -> Sequence[KeyInWords]:
    return [
        KeyInWords(row.place, key_label(row.default_keys[0]), key_label(row.keys[0]) if row.keys else NONE)
        for row in rows
    ]


def remapped(table: KeyTable, wanted: Keys, last: str = "") -> Remapped:
    """What can be had of `wanted`, all of it taken together: two bindings may change keys with each other.

    Args:
        table: All bindings.
        wanted: Keys, as people write them.
        last: Where two clash that have other keys, this one has to give way; else the later one.
    """
    rows = {row.id: row for row in table.rows}
    problems = {id: problem for id, keys in wanted.items() if (problem := _problem(table, rows, id, keys))}
    keys = named({id: keys for id, keys in wanted.items() if id not in problems})
    while clash := next(_clashes(table, rows, keys, last), None):
        id, problem = clash
        problems[id] = problem
        # Its default keys are back, and may clash with what others have by now.
        del keys[id]
    return Remapped(keys, problems)


def _problem(table: KeyTable, rows: Mapping[str, KeyRow], id: str, wanted: Sequence[str]) -> str:
    """What is wrong with it, whatever keys the others have."""
    if id not in rows:
        return f"There is nothing with the id {id}. {did_you_mean(id, rows) or 'ovchat keys --list prints them all.'}"
    try:
        keys = [*map(key_name, wanted)]
    except ValueError as error:
        return str(error)
    typed = next((key for key in keys if types(key) and id not in table.typeless), "")
    if typed:
        return f"{key_label(typed)} is typed where somebody writes: put Ctrl or Alt before it."
    if not keys and id in _NEEDED:
        return f"There would be no key {_NEEDED[id]}."
    if sorted(keys) != sorted(rows[id].default_keys) and (why := why_not(keys)):
        return f"{' and '.join(map(key_label, keys))} may never arrive. {why}"
    return ""


def _clashes(table: KeyTable, rows: Mapping[str, KeyRow], keys: Keys, last: str) -> Iterator[tuple[str, str]]:
    """(id that has to give way, why) of two bindings with the same key in the same place."""
    # From the last one on, so that the later one gives way.
    latest_first = [*keys][::-1]
    for id in sorted(latest_first, key=lambda id: id != last):
        for key in keys[id]:
            for other in sorted(table.together[id]):
                has = keys.get(other, rows[other].default_keys)
                # What has the same key without the user's doing shares it for a reason.
                both = key in rows[id].default_keys and key in rows[other].default_keys
                if key in has and not both:
                    yield id, f'{key_label(key)} is the key for "{rows[other].label}" ({other}).'


def _names(keys: str) -> tuple[str, ...]:
    return tuple(key for key in keys.split(",") if key != NO_KEY)
