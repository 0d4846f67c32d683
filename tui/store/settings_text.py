"""A setting's value as people type and read it, in the app and on the command line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from tui.store.settings import KEYS, SCHEMA, Kind, Setting

_EMPTY = "none"  # what an empty list is called


def parsed(setting: Setting, text: str) -> Any:
    """What a typed text means, as `Setting.checked` gives it.

    A list is one text, or several as TOML has them: ["one", "two"]; keys stand beside each other: ctrl+y alt+r. An
    empty one is `none`, as it is shown, or nothing at all.

    Raises:
        ValueError: It is not what the value may be; says what that is.
    """
    text = text.strip(" ") if setting.kind is Kind.TEXTS else text.strip()
    value: Any = text
    match setting.kind:
        case Kind.INTEGER:
            # Only what people write: int() would take "1_0", and digits of other scripts.
            if re.fullmatch(r"[+-]?[0-9]{1,20}", text):
                value = int(text)
        case Kind.NUMBER:
            with suppress(ValueError):
                value = float(text.replace(",", "."))
        case Kind.CHOICE:
            value = text.casefold()
        case Kind.TEXTS:
            value = _texts(setting, text)
    if setting.unset and text.casefold() == setting.unset:
        value = setting.unset
    return setting.checked(value)


def shown(setting: Setting, value: Any) -> str:
    """A value as it can be typed again."""
    match value:
        case None:
            return setting.unset
        case float():
            return f"{value:.10g}"
        case list() | tuple():
            if not value:
                return _EMPTY
            if setting.key.startswith(f"{KEYS}."):
                return " ".join(value)
            return f"[{', '.join(map(_quoted, value))}]"
    return str(value)


def sampling_text(values: Mapping[str, Any]) -> str:
    """Sampling values by name, in a line."""
    return ", ".join(f"{name} {shown(SCHEMA[f'sampling.{name}'], value)}" for name, value in values.items())


def _texts(setting: Setting, text: str) -> Sequence[Any]:
    if text.casefold() in ("", _EMPTY):
        return []
    if setting.key.startswith(f"{KEYS}."):
        return re.split(r"[\s,]+", text.strip())
    if not text.startswith("["):
        return [text]
    try:
        found: Sequence[Any] = tomllib.loads(f"x = {text}")["x"]
    except ValueError as error:
        raise ValueError(f'it must be {setting.range}, as in ["one", "two"]') from error
    return found


def _quoted(text: str) -> str:
    import tomlkit

    return tomlkit.item(text).as_string()
