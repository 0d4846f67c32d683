"""`ovchat settings`: the settings from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from tui.chat.settings_rows import SECTIONS, InEffect, SettingRow, followed, rows
from tui.cli import console, log
from tui.cli.list_group import ListGroup
from tui.cli.loading import settings_file
from tui.cli.options import debug_option, json_option
from tui.cli.utf8 import require_utf8
from tui.engine.errors import BadParameter
from tui.engine.sampling_resolve import resolve
from tui.store.errors import StoreError
from tui.store.personas import persona
from tui.store.settings import KEYS, SCHEMA, Kind, Settings, no_such_setting, setting_of
from tui.store.settings_file import as_written
from tui.store.settings_text import parsed

if TYPE_CHECKING:
    from tui.screens.key_table import KeyTable

_THEME, _PERSONA = "appearance.theme", "chat.persona"


@click.group("settings", cls=ListGroup)
def command() -> None:
    """The settings: list, get, set, reset, path.

    Without any of these: list.
    """


@command.command("list")
@json_option
@debug_option
def list_(as_json: bool, debug: bool) -> None:
    """Every setting with its value, who set it, its default, and what it may be."""
    log.begin(debug)
    file = settings_file()
    settings = _followed(file.settings)
    found = _rows(settings)
    if as_json:
        listed = [_object(row, settings) for row in found]
        console.write_json({"path": str(file.path), "settings": listed})
    else:
        console.write_lines(_lines(found))


@command.command("get")
@click.argument("key")
@json_option
@debug_option
def get(key: str, as_json: bool, debug: bool) -> None:
    """The value of one setting, as `set` takes it."""
    log.begin(debug)
    settings = _followed(settings_file().settings, key)
    row = next((row for row in _rows(settings) if row.key == key), None)
    if row is None:
        if setting_of(key) is None:
            raise click.UsageError(_sentence(no_such_setting(key)))
        if why := _why_not(settings, key, []):
            raise click.UsageError(why)
        raise click.UsageError(f"{key} is not set.")
    if as_json:
        console.write_json(_object(row, settings))
    else:
        console.write(f"{row.value}\n")


@command.command("set", context_settings={"ignore_unknown_options": True})  # -1 is a value
@click.argument("key")
@click.argument("value", nargs=-1, required=True, type=click.UNPROCESSED)
@debug_option
def set_(key: str, value: tuple[str, ...], debug: bool) -> None:
    """Give a setting another value; a list may have several.

    Your settings.toml keeps its comments. Apps that run follow within a second.
    """
    log.begin(debug)
    file = settings_file()
    try:
        new = _parsed(key, [require_utf8("VALUE", each) for each in value])
        if why := _why_not(file.settings, key, new):
            raise click.UsageError(why)
        file.set(key, new)
    except ValueError as error:
        raise click.UsageError(f"{key}: {error}." if setting_of(key) else _sentence(str(error))) from None
    for row in _rows(file.settings):
        if row.key == key:
            said = [
                f"{key} is {row.value} now",
                *([f"it acts {row.setting.acts}"] if row.setting.acts else []),
            ]
            console.aside(f"{'; '.join([*said, *([row.note] if row.note else [])])}.")


@command.command("reset")
@click.argument("keys", nargs=-1, metavar="KEY...")
@click.option("--all", "everything", is_flag=True, help="Everything that you have set, but your presets.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@debug_option
def reset(keys: tuple[str, ...], everything: bool, yes: bool, debug: bool) -> None:
    """Take settings out of your settings.toml: their defaults are back."""
    log.begin(debug)
    if everything == bool(keys):
        raise click.UsageError("Name the settings, or say --all.")
    file = settings_file()
    for key in keys:
        if setting_of(key) is None:
            raise click.UsageError(_sentence(no_such_setting(key)))
    if everything:
        if not yes:
            click.confirm(
                f"Take all that you have set, {len(file.set_keys)} in all, out of {file.path}?", abort=True, err=True
            )
        file.reset()
    for key in keys:
        file.reset(key)


@command.command("path")
def path() -> None:
    """Where your settings.toml is, or would be."""
    console.write(f"{settings_file().path}\n")


def _rows(settings: Settings) -> list[SettingRow]:
    """The settings as they are for any model."""
    sampling = settings.shipped_section("sampling"), settings.user_section("sampling")
    try:
        found = rows(settings, InEffect(resolve(sampling[0], {}, sampling[1])))
    except BadParameter:  # they do not go together
        found = rows(settings)
    return found


def _parsed(key: str, values: Sequence[str]) -> Any:
    setting = setting_of(key)
    if setting is None:
        raise ValueError(no_such_setting(key))
    if len(values) == 1:
        return as_written(setting, parsed(setting, values[0]))
    if setting.kind is not Kind.TEXTS:
        raise ValueError(f"it must be one value: {setting.range}")
    return list(values)


def _why_not(settings: Settings, key: str, value: Any) -> str:
    """Why a setting cannot have a value of its kind: it names what is not there, or a key is taken; "" where it can."""
    section, _, id = key.partition(".")
    if section == KEYS:
        from tui.screens.keymap import check_keys

        return check_keys(_key_table(), settings.user_section(KEYS), id, value)
    if key == _THEME:
        from tui.screens.themes import BadTheme, find_theme

        try:
            find_theme(value)
        except BadTheme as error:
            return str(error)
    elif key == _PERSONA and value != SCHEMA[key].unset:
        try:
            persona(value)
        except StoreError as error:
            return str(error)
    return ""


def _followed(settings: Settings, asked: str = "") -> Settings:
    """The settings where what cannot be followed has its default, and is marked.

    Args:
        settings: As they are in the file.
        asked: It has its default, too, where it is one of the keys, as those have that the user sets.
    """
    user = settings.user
    wrong = [key for key in (_THEME, _PERSONA) if user.get(key) and _why_not(settings, key, user[key])]
    listed = {key for key in (*user, *settings.bad, asked) if key.startswith(f"{KEYS}.")}
    if listed:
        from tui.screens.keymap import remapped

        table = _key_table()
        defaults = {key: row.default_keys for row in table.rows if (key := f"{KEYS}.{row.id}") in listed}
        settings = replace(settings, shipped={**settings.shipped, **defaults})
        wrong += [f"{KEYS}.{id}" for id in remapped(table, settings.user_section(KEYS)).problems]
    return followed(settings, wrong)


def _key_table() -> KeyTable:
    from tui.app import ChatApp
    from tui.screens.key_table import key_table

    return key_table(ChatApp)


def _object(row: SettingRow, settings: Settings) -> dict[str, Any]:
    default = settings.shipped.get(row.key)
    return {
        "key": row.key,
        "value": as_written(row.setting, settings.get(row.key)),
        "default": as_written(row.setting, default) if row.key in settings.shipped else None,
        "range": row.setting.range,
        "source": str(row.source),
        "acts": row.setting.acts,
        "note": row.note,
        "help": row.help,
    }


def _lines(found: Sequence[SettingRow]) -> list[str]:
    key = max(len(row.key) for row in found)
    value = max(len(row.value) for row in found)
    source = max(len(row.source) for row in found)
    lines: list[str] = []
    for section, group in groupby(found, lambda row: row.section):
        lines += ["", SECTIONS[section]] if lines else [SECTIONS[section]]
        for row in group:
            facts = "; ".join([*([row.note] if row.note else []), *row.facts])
            lines.append(f"  {row.key:{key}}  {row.value:{value}}  {row.source:{source}}  {facts}")
    if found[-1].section != KEYS:
        lines += ["", SECTIONS[KEYS]]
    # There are more of them than of all the others.
    return [*lines, "  Only what you have set is here. All keys: ovchat keys --list"]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + ("" if text.endswith("?") else ".")
