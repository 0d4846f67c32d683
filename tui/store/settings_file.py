"""The user's settings.toml, changed: its comments, its order and all that is not asked for stay as they are.

Several processes and an editor may change it at once: every change takes a lock, reads the file again, changes one
thing and replaces the file in one step; what was changed elsewhere is seen by looking.
"""

from __future__ import annotations

import os
import threading
import tomllib
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import InlineTable, Table

from tui.store.errors import StoreError
from tui.store.files import locked, read_text, replace_text, step_to_write
from tui.store.settings import (
    KEYS,
    PRESETS,
    Setting,
    Settings,
    Unreadable,
    flat,
    load_settings,
    no_such_setting,
    parts_of,
    read_user,
    setting_of,
    user_file,
)

_Table = MutableMapping[str, Any]


class SettingsFile:
    """The settings in effect, and the user's file that says what differs from the defaults.

    Args:
        path: The file; None for the one in the config directory. It need not be there.

    Attributes:
        settings: The settings in effect; replaced as a whole.
        told: Called after every change by `set` and `reset`.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or user_file()
        self.told: Callable[[], None] | None = None
        self._lock = threading.Lock()
        self._seen = self._signature()
        self.settings: Settings = load_settings(self.path)
        self._changed: set[str] = set()

    def set(self, key: str, value: object) -> None:
        """Set one key, in the file and in effect. The default's value may be set, too: it is then the user's.

        Args:
            key: As in the file, with its section.
            value: As in the file; None for the word that stands for no value.

        Raises:
            ValueError: There is no such setting, or the value is not what it may be; says why.
            StoreError: The file cannot be written, or is none that can be changed. Nothing is changed.
        """
        wanted = {key: _plain(key, value)}
        self._change(lambda: wanted)

    def alter(self, key: str, change: Callable[[Any], object]) -> None:
        """Set one key to what `change` makes of its value in the file: nothing that somebody else has just set is lost.

        Raises:
            StoreError: As for `set`.
        """

        def wanted() -> dict[str, Any]:
            self._read_again()
            return {key: _plain(key, change(self.settings[key]))}

        self._change(wanted)

    def put(self, section: str, values: Mapping[str, object]) -> None:
        """Make a section with a name of the user's, presets.NAME or models.NAME.sampling, say this and nothing else.

        Args:
            section: What its keys begin with.
            values: By the rest of the key; none takes the section out.

        Raises:
            ValueError: As for `set`.
            StoreError: As for `set`.
        """
        wanted: dict[str, Any] = {f"{section}.{name}": None for name in self.settings.user_section(section)}
        wanted |= {f"{section}.{name}": _plain(f"{section}.{name}", each) for name, each in values.items()}
        self._change(lambda: wanted)

    @property
    def set_keys(self) -> list[str]:
        """The keys that the user sets; without presets, which are nothing that differs from a default."""
        return [key for key in self.settings.user if not key.startswith(f"{PRESETS}.")]

    def reset(self, key: str | None = None) -> None:
        """Take a key out of the file, or all `set_keys`: the defaults are in effect again.

        Raises:
            StoreError: As for `set`.
        """
        wanted = dict.fromkeys([key] if key is not None else self.set_keys)
        self._change(lambda: wanted)

    def look(self) -> frozenset[str]:
        """The keys whose value, or what cannot be followed of them, has changed since the last look, by us or not."""
        with self._lock:
            if self._signature() != self._seen:
                self._read_again()
            changed, self._changed = frozenset(self._changed), set()
        return changed

    def _change(self, wanted: Callable[[], Mapping[str, Any]]) -> None:
        with self._lock:
            try:
                with locked(self.path):
                    if (text := changed_text(self._text(), wanted())) is not None:
                        self._write(text)
            except OSError as error:
                reason, step = error.strerror or str(error), f"Nothing is changed. {step_to_write(error)}"
                raise StoreError(f"{self.path} cannot be written: {reason}.", step) from error
            except (ValueError, RecursionError) as error:
                raise StoreError(
                    f"{self.path} cannot be changed: {error}".rstrip(".") + ".", "Correct it with an editor first."
                ) from error
            self._read_again()
        if self.told is not None:
            self.told()

    def _text(self) -> str:
        try:
            return read_text(self.path)
        except FileNotFoundError:
            return ""

    def _write(self, text: str) -> None:
        # Through a link, which may lead to where somebody keeps all his settings.
        path = Path(os.path.realpath(self.path))
        if path.exists() and not os.access(path, os.W_OK):
            # It could be replaced, but somebody has made it so.
            raise PermissionError(0, "it is read-only")
        replace_text(path, text)

    def _signature(self) -> tuple[int, ...] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read_again(self) -> None:
        before = self.settings
        # Before reading: what is written while it is read is then seen by the next look.
        self._seen = self._signature()
        try:
            self.settings = read_user(before, self.path)
        except Unreadable as error:
            # Somebody is at it with an editor: the colours and keys need not change for that.
            self.settings = replace(before, notices=(f"{error}; what was set before stays in effect.",))
        now = self.settings
        # A default that the user has set now has another source, which is shown.
        self._changed |= {
            key
            for key in {*before.user, *now.user, *before.bad, *now.bad}
            if (key in before.user, before.get(key), before.bad.get(key))
            != (key in now.user, now.get(key), now.bad.get(key))
        }


def as_written(setting: Setting, value: Any) -> Any:
    """A checked value as it stands in a file."""
    if value is None:
        return setting.unset
    return list(value) if isinstance(value, tuple) else value


def _plain(key: str, value: object) -> Any:
    setting = setting_of(key)
    if setting is None:
        raise ValueError(no_such_setting(key))
    return as_written(setting, setting.checked(setting.unset if value is None and setting.unset else value))


def changed_text(text: str, wanted: Mapping[str, Any]) -> str | None:
    """A settings file's text with these keys set, or taken out where None; None where nothing has to change.

    Raises:
        ValueError: It is no TOML, or so written that this cannot be done.
    """
    before = dict(flat(tomllib.loads(text)))
    after = {key: value for key, value in before.items() if key not in wanted}
    after |= {key: value for key, value in wanted.items() if value is not None}
    if after == before:
        return None
    ends_lines = "\r\n" if "\r\n" in text else "\n"
    document = tomlkit.parse(text.replace("\r\n", "\n"))
    for key, value in wanted.items():
        if value is None:
            _take_out(document, key)
        elif places := list(_places(document, key)):
            # Where a key is there twice, as a.b and as "a.b", the last one counts.
            for table, name in places:
                table[name] = value
        else:
            _add(document, key, value)
    changed = tomlkit.dumps(document)
    if dict(flat(tomllib.loads(changed))) != after:
        raise ValueError(f"how it is written is not understood, {' and '.join(wanted)} must be changed by hand")
    return changed.replace("\n", ends_lines)


def _places(table: _Table, key: str) -> Iterator[tuple[_Table, str]]:
    """The tables that have a key, each with the key's name in it."""
    for name in list(table):
        inner = table[name]
        if name == key:
            yield table, name
        elif key.startswith(f"{name}.") and isinstance(inner, MutableMapping):
            yield from _places(inner, key.removeprefix(f"{name}."))


def _take_out(table: _Table, key: str) -> None:
    for name in list(table):
        inner = table[name]
        if name == key:
            del table[name]
        elif key.startswith(f"{name}.") and isinstance(inner, MutableMapping):
            _take_out(inner, key.removeprefix(f"{name}."))
            if not inner and isinstance(inner, Table | InlineTable) and "#" not in inner.as_string():
                del table[name]


def _add(document: tomlkit.TOMLDocument, key: str, value: Any) -> None:
    *above, name = parts_of(key)
    table: Any = document
    for number, each in enumerate(above):
        if each not in table:
            # Without a header of its own where it only holds tables.
            table.add(tomlkit.key([each]), tomlkit.table(is_super_table=number < len(above) - 1))
        table = table[each]
        if not isinstance(table, MutableMapping):
            raise ValueError(f"{each} is no section in it")
    if above == [KEYS]:
        # As people write it: chat.regenerate, not "chat.regenerate".
        first, _, rest = name.partition(".")
        if rest and isinstance(table.get(first), MutableMapping):
            table, name = table[first], rest
        elif rest:
            with _before_last_comments(table):
                table.add(tomlkit.key(name.split(".")), value)
            return
    with _before_last_comments(table):
        table[name] = value


@contextmanager
def _before_last_comments(table: _Table) -> Iterator[None]:
    """What is added in the block follows the last key: a comment after that belongs to the section that comes next."""
    body = table.value.body if isinstance(table, Table) and table else []
    last: list[Any] = []
    while body and body[-1][0] is None:
        last.insert(0, body.pop())
    yield
    body.extend(last)
