"""Settings: which there are, of what type and range, and the values in effect.

The shipped settings.toml gives every key its default and, in the comment above it, its help. The user's file holds
only what differs. A bad file or key never stops anything: it is named with its line, the default is used, and the
file is left alone.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from tui.store import paths
from tui.store.errors import quoted
from tui.store.files import read_text
from tui.store.near import did_you_mean

FILE = "settings.toml"


class Kind(StrEnum):
    """The type of a setting's value."""

    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "text"
    CHOICE = "choice"
    TEXTS = "texts"


@dataclass(frozen=True, slots=True)
class Setting:
    """One key and what its value may be.

    Attributes:
        key: `section.name`.
        kind: Type of the value.
        low: Least value of a number; with `above`, it is itself not allowed.
        high: Greatest value of a number.
        above: See `low`.
        choices: The values of a choice.
        unset: The word in the file that stands for "no value"; it is read as None.
        unit: What a number counts, or what a text or the texts of a list are.
        acts: When a change acts, where that is not at once.
    """

    key: str
    kind: Kind
    low: float = 0
    high: float = 0
    above: bool = False
    choices: tuple[str, ...] = ()
    unset: str = ""
    unit: str = ""
    acts: str = ""

    @property
    def range(self) -> str:
        """What the value may be, in words."""
        match self.kind:
            case Kind.CHOICE:
                words = f"{', '.join(self.choices[:-1])} or {self.choices[-1]}"
            case Kind.TEXTS:
                words = f"a list of {self.unit or 'texts'}"
            case Kind.TEXT:
                words = self.unit
            case _:
                limits = f"above {self.low}, up to {self.high}" if self.above else f"{self.low} to {self.high}"
                unit = f" of {self.unit}" if self.unit else ""
                words = f"a whole number{unit}, {limits}" if self.kind is Kind.INTEGER else limits
        return f'"{self.unset}", or {words}' if self.unset else words

    def checked(self, value: object) -> Any:
        """`value` as it is used: None for the `unset` word, a tuple for a list, a float for a number.

        Raises:
            ValueError: It is not what it may be.
        """
        if self.unset and value == self.unset:
            return None
        match self.kind:
            case Kind.TEXT if isinstance(value, str) and value.strip():
                return value
            case Kind.CHOICE if value in self.choices:
                return value
            case Kind.TEXTS if isinstance(value, list | tuple) and all(
                isinstance(each, str) and each for each in value
            ):
                return tuple(value)
            case Kind.INTEGER if isinstance(value, int) and not isinstance(value, bool) and self._holds(value):
                return value
            case Kind.NUMBER if isinstance(value, int | float) and not isinstance(value, bool) and self._holds(value):
                return float(value)
        raise ValueError(f"it must be {self.range}")

    def _holds(self, number: float) -> bool:
        # `not >` would let NaN pass.
        return (self.low < number if self.above else self.low <= number) and number <= self.high


_I, _N, _C = Kind.INTEGER, Kind.NUMBER, Kind.CHOICE
_LOAD, _NEW, _START = "when a model is loaded next", "in new conversations", "at the next start"
_MOST_TOKENS = 2**31 - 1  # no vocabulary, and no context, has more
_DEVICE = "the name of a device as `ovchat devices` shows it"

SCHEMA: Mapping[str, Setting] = {
    setting.key: setting
    for setting in (
        Setting("sampling.temperature", _N, 0, 2),
        Setting("sampling.top_k", _I, 0, _MOST_TOKENS),
        Setting("sampling.top_p", _N, 0, 1),
        Setting("sampling.min_p", _N, 0, 1),
        Setting("sampling.repetition_penalty", _N, 0, 10, above=True),
        Setting("sampling.presence_penalty", _N, -2, 2),
        Setting("sampling.frequency_penalty", _N, -2, 2),
        Setting("sampling.max_tokens", _I, 1, _MOST_TOKENS, unset="none", unit="tokens"),
        Setting("sampling.min_tokens", _I, 0, _MOST_TOKENS, unit="tokens"),
        Setting("sampling.stop", Kind.TEXTS),
        # A seed must survive SQLite's signed 64-bit integers.
        Setting("sampling.seed", _I, 0, 2**63 - 1, unset="random"),
        Setting("engine.device", Kind.TEXT, unset="auto", unit=_DEVICE, acts=_LOAD),
        Setting("engine.backend", _C, choices=("auto", "paged", "stateful"), acts=_LOAD),
        Setting("engine.precision", _C, choices=("auto", "default", "f32", "bf16", "f16"), acts=_LOAD),
        Setting("engine.kv_cache", _C, choices=("auto", "u4", "u8", "f16", "bf16", "f32"), acts=_LOAD),
        Setting("engine.threads", _I, 1, 1024, unset="auto", unit="threads", acts=_LOAD),
        Setting("engine.context", _I, 16, 2**24, unset="auto", unit="tokens", acts=_LOAD),
        Setting("engine.load_timeout", _I, 1, 86_400, unset="none", unit="seconds", acts=_LOAD),
        Setting("chat.persona", Kind.TEXT, unset="none", unit="the name of a persona", acts=_NEW),
        Setting("appearance.theme", Kind.TEXT, unit="the name of a theme"),
        Setting("appearance.plain", _C, choices=("auto", "on", "off")),
        Setting("terminal.output", _C, choices=("diff", "textual"), acts=_START),
        Setting("terminal.refresh", _I, 1, 60, unset="auto", unit="frames per second", acts=_START),
        Setting("terminal.mouse", _C, choices=("auto", "on", "off"), acts=_START),
        Setting("terminal.clipboard", _C, choices=("auto", "terminal", "system"), acts=_START),
        Setting("terminal.escape_delay", _I, 10, 2000, unset="auto", unit="milliseconds", acts=_START),
        Setting("terminal.on_hangup", _C, choices=("stop", "finish")),
        Setting("terminal.leave_answer", _C, choices=("on", "off")),
        Setting("convert.extra_index_url", Kind.TEXT, unset="auto", unit="none, or the address of a package index"),
        Setting("convert.pip_args", Kind.TEXTS, unit="arguments"),
        Setting("storage.model_folders", Kind.TEXTS, unit="folders"),
        Setting("storage.compiled_cache", _I, 0, 10_000, unit="GB", acts=_LOAD),
    )
}


KEYS, MODELS, PRESETS = "keys", "models", "presets"
"""Sections with names of the user's in their keys: keys.ID, models.NAME.sampling.FIELD, presets.NAME.FIELD."""
_FREE_KEY = re.compile(r"(keys)\.(.+)|(models)\.(.+)\.(sampling)\.(\w+)|(presets)\.(.+)\.(\w+)", re.DOTALL)


def parts_of(key: str) -> tuple[str, ...]:
    """The names that a key of the schema, or of one of the sections with free names, is made of."""
    found = _FREE_KEY.fullmatch(key)
    return tuple(part for part in found.groups() if part) if found else tuple(key.split("."))


def setting_of(key: str) -> Setting | None:
    """The setting of that key; None where there is none. Which bindings there are only the screens know: all count."""
    if key in SCHEMA:
        return SCHEMA[key]
    match parts_of(key):
        case ("keys", id) if id:
            return Setting(key, Kind.TEXTS, unit="keys")
        case ("models", name, "sampling", field) | ("presets", name, field):
            if name.strip() and f"sampling.{field}" in SCHEMA:
                return replace(SCHEMA[f"sampling.{field}"], key=key)
    return None


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in effect.

    Attributes:
        shipped: Every key's default.
        user: What the user's file says otherwise, checked.
        notices: One sentence for everything in the user's file that could not be followed.
        bad: What it says of settings that there are and cannot be followed, in words.
    """

    shipped: Mapping[str, Any]
    user: Mapping[str, Any] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    bad: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self.user[key] if key in self.user else self.shipped[key]

    def get(self, key: str) -> Any:
        """A value in effect; None also for a key that has no default and that the user does not set."""
        return self.user.get(key, self.shipped.get(key))

    def section(self, name: str) -> dict[str, Any]:
        """A section's values in effect, by their names without the section."""
        return self.shipped_section(name) | self.user_section(name)

    def shipped_section(self, name: str) -> dict[str, Any]:
        """A section's defaults."""
        return _section(self.shipped, name)

    def user_section(self, name: str) -> dict[str, Any]:
        """What the user's file says of a section."""
        return _section(self.user, name)

    def for_model(self, name: str) -> dict[str, Any]:
        """The sampling values that the user's file sets for one model."""
        return _section(self.user, f"{MODELS}.{name}.sampling")

    @property
    def presets(self) -> dict[str, dict[str, Any]]:
        """The user's own presets: sampling values by name."""
        found: dict[str, dict[str, Any]] = {}
        for key, value in self.user.items():
            if key.startswith(f"{PRESETS}."):
                _, name, field = parts_of(key)
                found.setdefault(name, {})[field] = value
        return found


def _section(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key.removeprefix(f"{name}."): value for key, value in values.items() if key.startswith(f"{name}.")}


class Unreadable(Exception):
    """The user's file as a whole cannot be followed; why, in the beginning of a sentence."""


def load_settings(path: Path | None = None) -> Settings:
    """The shipped defaults with the user's file (`path`; else in the config directory) over them."""
    text = paths.data_file(FILE).read_text("utf-8")
    shipped = {key: SCHEMA[key].checked(value) for key, value in flat(tomllib.loads(text))}
    before = Settings(shipped)
    try:
        return read_user(before, path or user_file())
    except Unreadable as error:
        return replace(before, notices=(f"{error}; the defaults are used.",))


def user_file() -> Path:
    """Where the user's file is, or would be."""
    return paths.config_dir() / FILE


def read_user(before: Settings, path: Path) -> Settings:
    """The settings with what the user's file says now.

    Raises:
        Unreadable: None of it can.
    """
    try:
        text = read_text(path)
        said = list(flat(tomllib.loads(text)))
    except FileNotFoundError:
        return Settings(before.shipped)
    except OSError as error:
        raise Unreadable(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"{path}, line {line}: this is not UTF-8 text") from error
    except (ValueError, RecursionError) as error:  # Not TOMLDecodeError alone: also a number of 5,000 digits.
        raise Unreadable(f"{path} is not valid TOML: {error}") from error
    user: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    bad: dict[str, str] = {}
    for key, value in said:
        setting = setting_of(key)
        if setting is None:
            wrong[key] = f"{no_such_setting(key)} It is ignored."
            continue
        try:
            user[key] = setting.checked(value)
        except ValueError as error:
            bad[key] = quoted(value)
            wrong[key] = f"{key} is {bad[key]}, {error}; the default is used."
    lines = lines_of(text) if wrong else {}
    notices = tuple(f"{path}, line {lines[key]}: {what}" for key, what in wrong.items())
    return Settings(before.shipped, user, notices, bad)


def no_such_setting(key: str) -> str:
    """That there is none of that name, and which one may be meant."""
    match parts_of(key):
        case ("models" | "presets" as section, name, *rest) if rest and not name.strip():
            what = section.removesuffix("s")
            return f"the name of a {what} cannot be empty, as in {key}: write {section}.NAME.{'.'.join(rest)}."
    return f"there is no setting {key}. {did_you_mean(key, SCHEMA)}".rstrip()


def where(key: str, path: Path | None = None) -> str:
    """The user's file, and the line on which it says `key`."""
    path = path or user_file()
    return f"{path}, line {lines_of(path.read_bytes().decode('utf-8-sig'))[key]}"


def shipped_help() -> dict[str, str]:
    """What each setting does: the comment above its key in the shipped file, without the last line, its range."""
    texts: dict[str, str] = {}
    section, comment = "", list[str]()
    for line in paths.data_file(FILE).read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line.startswith("#"):
            comment.append(line.removeprefix("#").strip())
            continue
        elif "=" in line:
            texts[f"{section}.{line.partition('=')[0].strip()}"] = " ".join(comment[:-1])
        comment = []
    return texts


def flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """The keys of a settings file's tables with their values."""
    for name, value in table.items():
        if isinstance(value, dict) and f"{above}{name}" not in SCHEMA:
            yield from flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


_CAN_END = re.compile(r"""\"{3}|'{3}|[]}]""")


def lines_of(text: str) -> dict[str, int]:
    """The line on which the statement that sets a key begins, for every key of a text that is TOML.

    tomllib tells no positions, but it parses every statement by itself below its section's header. Not all that is
    above it: a file of some thousand lines would take minutes.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    found: dict[str, int] = {}
    header = ""
    begins = 0
    for number, line in enumerate(lines):
        # What goes on after its first line ends where a text or a list does; a long text is not parsed line by line.
        if number > begins and not _CAN_END.search(line):
            continue
        statement = "\n".join(lines[begins : number + 1])
        if statement.lstrip().startswith("["):
            header, statement = statement, ""
        try:
            table = tomllib.loads(f"{header}\n{statement}")
        except ValueError:
            continue
        for key, _ in flat(table):
            found.setdefault(key, begins + 1)
        begins = number + 1
    return found
