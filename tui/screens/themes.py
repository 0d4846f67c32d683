"""Themes: one TOML file each, those that come with the app and the user's own, which win where the name is the same."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from rich.errors import StyleSyntaxError
from rich.style import Style
from textual.color import Color, ColorParseError
from textual.theme import Theme

from tui.store import paths
from tui.store.errors import quoted
from tui.store.files import read_text
from tui.store.near import did_you_mean

DEFAULT = "ovchat-dark"
OF_16_COLOURS = "ovchat-ansi"
_FOLDER = "themes"
_COLOURS = (
    "primary",
    "secondary",
    "warning",
    "error",
    "success",
    "accent",
    "foreground",
    "background",
    "surface",
    "panel",
    "boost",
)
# Textual takes them for a ground that is there, and ends the app where it is not.
_OPAQUE = tuple(colour for colour in _COLOURS if colour != "boost")
_OF_TEXT = ("text", "text-muted", "text-disabled")
_TRUTHS, _NUMBERS, _TABLE = ("dark", "ansi"), ("luminosity_spread", "text_alpha"), "variables"
_KEYS = tuple(field.name for field in fields(Theme))
_ANSI = {"ansi-background": "ansi_black", "ansi-foreground": "ansi_white"}
_STYLES = {
    "none",
    "bold",
    "dim",
    "italic",
    "underline",
    "underline2",
    "reverse",
    "strike",
    "blink",
    "not",
    "b",
    "i",
    "u",
}


class BadTheme(Exception):
    """A theme that cannot be used: a sentence with its file, and the line where that is known."""


def theme_files() -> dict[str, Path]:
    """The file of every theme, by the theme's name."""
    found: dict[str, Path] = {}
    for folder in (paths.data_file(_FOLDER), paths.config_dir() / _FOLDER):
        found |= {path.stem: path for path in sorted(folder.glob("*.toml"))}
    return found


def find_theme(name: str) -> Theme:
    """The theme of that name.

    Raises:
        BadTheme: There is none, or its file cannot be used.
    """
    # Two looks at the disk and not all of the names: it is done before the first paint.
    for folder in (paths.config_dir() / _FOLDER, paths.data_file(_FOLDER)):
        path = folder / f"{name}.toml"
        if path.name == f"{name}.toml" and path.exists():
            return read_theme(path)
    names = sorted(theme_files())
    hint = f"{did_you_mean(name, names)} There are {', '.join(names)}.".lstrip()
    raise BadTheme(f"There is no theme {name}. {hint}")


def read_theme(path: Path) -> Theme:
    """The theme of a file.

    Raises:
        BadTheme: It cannot be used.
    """
    try:
        text = read_text(path)
        values = tomllib.loads(text)
    except OSError as error:
        raise BadTheme(f"The theme {path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:  # what is no UTF-8, too
        raise BadTheme(f"The theme {path} is not valid TOML: {error}.") from error
    if wrong := next(_wrong(values, path.stem), None):
        key, why = wrong
        raise BadTheme(f"The theme {path}{_line(text, key)}: {why}{'' if why.endswith('?') else '.'}")
    # Textual's own themes of the terminal's colours say these themselves; its style sheets fail without.
    ansi = dict(_ANSI) if values.get("ansi") else {}
    return Theme(**{"name": path.stem, **values, _TABLE: ansi | values.get(_TABLE, {})})


def _wrong(values: Mapping[str, Any], name: str) -> Iterator[tuple[str, str]]:
    """(key, why) of what cannot be as it is."""
    if "primary" not in values:
        yield "", "primary, its main colour, is missing"
    for key, value in values.items():
        if key not in _KEYS:
            yield key, f"there is no {key} in a theme. {did_you_mean(key, _KEYS)}".rstrip(". ")
        elif key == "name" and value != name:
            yield key, f"its name is {quoted(value)}, but the file is {name}.toml: make them the same"
        elif key in _COLOURS and not _is_colour(value):
            yield key, f"{key} is {quoted(value)}, which is no colour"
        elif key in _OPAQUE and Color.parse(value).a < 1:
            yield key, f"{key} is {quoted(value)}, through which nothing may be seen"
        elif key in _TRUTHS and not isinstance(value, bool):
            yield key, f"{key} must be true or false"
        elif key in _NUMBERS and (isinstance(value, bool) or not isinstance(value, int | float)):
            yield key, f"{key} must be a number"
        elif key in _NUMBERS and not 0 <= value <= 1:  # nor is NaN
            yield key, f"{key} is {quoted(value)}, it must be 0 to 1"
        elif key == _TABLE and not isinstance(value, dict):
            yield key, f"{key} must be a table"
    variables = values.get(_TABLE)
    for key, value in variables.items() if isinstance(variables, dict) else ():
        if "style" in key.split("-"):
            if not _is_style(value):
                yield key, f"{key} is {quoted(value)}, which is no style of text"
        elif not _is_colour(value, percent=True):
            yield key, f"{key} is {quoted(value)}, which is no colour"
        elif str(value).startswith("auto") and not (key in _OF_TEXT or key.endswith("-foreground")):
            yield key, f"{key} is {quoted(value)}, which only a colour of text can be"
        elif key in _OPAQUE and Color.parse(str(value).partition(" ")[0]).a < 1:
            yield key, f"{key} is {quoted(value)}, through which nothing may be seen"


def _is_style(value: object) -> bool:
    if not isinstance(value, str) or not {*value.split()} <= _STYLES:
        return False
    try:
        Style.parse(value)
    except StyleSyntaxError:
        return False
    return True


def _is_colour(value: object, *, percent: bool = False) -> bool:
    if not isinstance(value, str):
        return False
    colour, _, share = value.partition(" ") if percent else (value, "", "")
    if share and not (share.endswith("%") and share[:-1].isdecimal()):
        return False
    if colour == "auto":
        return bool(share)
    try:
        Color.parse(colour)
    except ColorParseError:
        return False
    return True


def _line(text: str, key: str) -> str:
    """Where a key is: themes have one on a line."""
    for number, line in enumerate(text.splitlines(), 1):
        if key and line.partition("=")[0].strip().strip("\"'") == key:
            return f", line {number}"
    return ""
