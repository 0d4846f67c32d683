"""What ovchat remembers between runs without being told to: state.toml.

The model and device last used, the device and the options each model was given, and the engine's verdicts on models.
Several processes may write at once: every change takes a lock, reads the file again, changes one thing and replaces the
file in one step. A state that cannot be read is an empty one, and one that cannot be written lasts as long as the
process: losing it costs a self-check, never an answer.
"""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any

import tomlkit

from tui.store import paths
from tui.store.files import locked, read_text, replace_text

log = logging.getLogger(__name__)

Table = dict[str, Any]


class State:
    """The state in `path`, by default state.toml in the config directory."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or paths.config_dir() / "state.toml"
        self._unsaved: Table | None = None

    @property
    def model(self) -> str | None:
        """Name or folder of the model last used."""
        return _text(self._read().get("model"))

    @property
    def device(self) -> str | None:
        """The device last used."""
        return _text(self._read().get("device"))

    def device_of(self, model: str) -> str | None:
        """The device that the user gave a model last."""
        return self.devices.get(model)

    @property
    def devices(self) -> Mapping[str, str]:
        """The device that the user gave each model last."""
        return _texts(_table(self._read(), "devices"))

    @property
    def options(self) -> Mapping[str, Mapping[str, str]]:
        """The engine options that the user gave each model last, values by keys."""
        given = _table(self._read(), "options")
        return {model: _texts(_table(given, model)) for model in given}

    @property
    def verdicts(self) -> MutableMapping[str, str]:
        """The engine's verdicts; what is set is saved at once."""
        return _Verdicts(self)

    def used(self, model: str, device: str) -> None:
        """Remember the model and the device of a conversation."""

        def change(table: Table) -> None:
            table["model"], table["device"] = model, device

        self._change(change)

    def give_device(self, model: str, device: str) -> None:
        """Remember that the user chose `device` for `model`; "" is none."""

        def change(table: Table) -> None:
            table["devices"] = _table(table, "devices") | {model: device}

        self._change(change)

    def give_options(self, model: str, options: Mapping[str, str]) -> None:
        """Remember engine options that the user gave `model`, beside those given before; "" is none."""

        def change(table: Table) -> None:
            given = _table(table, "options")
            merged = _table(given, model) | dict(options)
            table["options"] = given | {model: {key: value for key, value in merged.items() if value}}

        self._change(change)

    def rename(self, is_it: Callable[[str], bool], name: str) -> None:
        """Call a model otherwise, wherever it is remembered by a name or a folder of which `is_it` is true."""

        def change(table: Table) -> None:
            if (last := _text(table.get("model"))) and is_it(last):
                table["model"] = name
            if given := _table(table, "devices"):
                table["devices"] = {name if is_it(each) else each: device for each, device in given.items()}
            if options := _table(table, "options"):
                table["options"] = {name if is_it(each) else each: values for each, values in options.items()}

        self._change(change)

    def _read(self) -> Table:
        if self._unsaved is not None:
            return self._unsaved
        try:
            return tomllib.loads(read_text(self._path))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            log.warning("%s cannot be read, it counts as empty: %s", self._path, error)
            return {}

    def _change(self, change: Callable[[Table], None]) -> None:
        try:
            with locked(self._path):
                table = self._read()
                change(table)
                replace_text(self._path, tomlkit.dumps(table))
        except (OSError, ValueError, RecursionError) as error:  # ValueError: a folder's name that is not UTF-8
            log.warning("%s cannot be written, what it would hold is kept until the end: %s", self._path, error)
            self._unsaved = self._read()
            change(self._unsaved)


class _Verdicts(MutableMapping[str, str]):
    def __init__(self, state: State) -> None:
        self._state = state

    def _all(self) -> dict[str, str]:
        return {key: value for key, value in _table(self._state._read(), "verdicts").items() if isinstance(value, str)}

    def __getitem__(self, key: str) -> str:
        return self._all()[key]

    def __setitem__(self, key: str, value: str) -> None:
        self._state._change(lambda table: table.update(verdicts=_table(table, "verdicts") | {key: value}))

    def __delitem__(self, key: str) -> None:
        if key not in self._all():
            raise KeyError(key)

        def change(table: Table) -> None:
            table["verdicts"] = {each: value for each, value in _table(table, "verdicts").items() if each != key}

        self._state._change(change)

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def _table(table: Table, name: str) -> Table:
    inner = table.get(name)
    return inner if isinstance(inner, dict) else {}


def _texts(table: Table) -> dict[str, str]:
    return {name: text for name, each in table.items() if (text := _text(each))}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
