"""Names of keys as people write them in the settings: which key is meant, whether there is one, whether it arrives.

A terminal sends bytes. Without an extended keyboard protocol, which does not come through everywhere, many keys have
none, or those of another key.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from functools import cache

from textual._keyboard_protocol import FUNCTIONAL_KEYS, MODIFIER_FUNCTIONAL_KEYS
from textual.keys import REPLACED_KEYS, _character_to_key, key_to_character

NO_KEY = "<no key>"
"""The name of a key that nobody can press, for what is to have none: Textual's keymap cannot say that."""

_MODIFIERS = ("alt", "ctrl", "hyper", "meta", "shift", "super")
_WRITTEN = {
    "control": "ctrl",
    "option": "alt",
    "opt": "alt",
    "cmd": "super",
    "command": "super",
    "win": "super",
    "esc": "escape",
    "return": "enter",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "pgdown": "pagedown",
    "del": "delete",
    "ins": "insert",
    "spacebar": "space",
    "↑": "up",
    "↓": "down",
    "←": "left",
    "→": "right",
}
_NAMED = {*FUNCTIONAL_KEYS.values()} - MODIFIER_FUNCTIONAL_KEYS | {"space", "enter", "escape", "tab", "backspace"}
_MOVING = ("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete")
_FUNCTION = re.compile(r"f([1-9]|1[0-2])")
_CTRL = re.compile(r"ctrl\+([a-gj-ln-z]|backslash|right_square_bracket|circumflex_accent|underscore)")
_ALT = re.compile(r"alt\+(shift\+[a-z]|[a-z0-9]|enter)")
_PLAIN = ("enter", "escape", "tab", "shift+tab", "backspace", "space", *_MOVING)
_SAME = {"ctrl+i": "Tab", "ctrl+m": "Enter", "ctrl+h": "Backspace", "ctrl+left_square_bracket": "Esc"}


def key_name(written: str) -> str:
    """The name that bindings have for a key: `Ctrl+PgUp` is `ctrl+pageup`, `?` is `question_mark`.

    Raises:
        ValueError: There is no such key; it says so, with a near name.
    """
    *before, last = _parts(written.strip())
    modifiers = {_WRITTEN.get(each, each) for each in map(str.lower, before)}
    key = last if len(last) == 1 and not modifiers else last.lower()
    key = _WRITTEN.get(key, key)
    if len(key) == 1:
        if modifiers == {"shift"} and key.upper() != key:
            modifiers, key = set(), key.upper()
        key = _character_to_key(key)
    unknown = modifiers - {*_MODIFIERS}
    if unknown or not key or not (key in _NAMED or _types(key)):
        wrong = min(unknown) if unknown else key
        near = difflib.get_close_matches(wrong, _MODIFIERS if unknown else [*_NAMED, *_WRITTEN], 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ValueError(f"There is no key called {written.strip() or '(nothing)'}.{hint}")
    return "+".join([*sorted(modifiers), key])


def types(key: str) -> bool:
    """Whether a key, by its name, types a character where somebody writes."""
    return "+" not in key and _types(key)


@cache
def arrives(key: str) -> bool:
    """Whether every terminal has bytes for a key, by its name, that no other key has."""
    *modifiers, last = key.split("+")
    if not {*modifiers} <= {"alt", "ctrl", "shift"}:
        return False
    if not modifiers or key in _PLAIN:
        return types(key) or last in _PLAIN or _FUNCTION.fullmatch(last) is not None
    if last in _MOVING or _FUNCTION.fullmatch(last):
        return True
    return (_CTRL.fullmatch(key) or _ALT.fullmatch(key)) is not None


def why_not(keys: Collection[str]) -> str:
    """Why none of these keys arrives over SSH; "" where one does, or where there are none."""
    if not keys or any(map(arrives, keys)):
        return ""
    if same := next((_SAME[key] for key in keys if key in _SAME), ""):
        return f"Most terminals send the same for it as for {same}: give it another key as well."
    return "Most terminals do not send it, least of all over SSH: give it another key as well."


def _parts(written: str) -> list[str]:
    # The plus itself, alone or behind others.
    if written == "+" or written.endswith("++"):
        return [*filter(None, written[:-1].split("+")), "+"]
    return written.split("+")


def _types(key: str) -> bool:
    character = key_to_character(REPLACED_KEYS.get(key, key))
    return character is not None and character.isprintable()
