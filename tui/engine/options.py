"""Engine options as the user gives them (`-o KEY=VALUE`), checked before anything is loaded."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from tui.engine.errors import BadParameter

BACKENDS = ("auto", "paged", "stateful")
PRECISIONS = ("auto", "default", "f32", "bf16", "f16")
_COUNTS = {"threads": "auto", "context": "auto", "load_timeout": "none"}  # each with the word for no number
KV_CACHES = ("auto", "u4", "u8", "f16", "bf16", "f32")


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How a model is compiled and how much it may hold.

    Attributes:
        backend: `paged` or `stateful` attention; `auto` is paged where the device and the model allow it.
        precision: Inference precision. `auto` is f32 on CPUs whose default is bf16 (decodes 1.4 to 1.6 times
            faster there) and the device's default elsewhere; `default` leaves it to the device.
        kv_cache: Element type of the KV cache; `auto` leaves it to the device and the model.
        threads: CPU threads for inference; None leaves it to OpenVINO.
        context: Context limit in tokens; None takes the model's, or what memory holds if that is less.
        load_timeout: Seconds that loading may take, compiling included; None for no limit.
    """

    backend: str = "auto"
    precision: str = "auto"
    kv_cache: str = "auto"
    threads: int | None = None
    context: int | None = None
    load_timeout: int | None = None

    def __post_init__(self) -> None:
        _check_choice("backend", self.backend, BACKENDS)
        _check_choice("precision", self.precision, PRECISIONS)
        _check_choice("kv_cache", self.kv_cache, KV_CACHES)
        _check_count("threads", self.threads, 1, 1024)
        _check_count("context", self.context, 16, 2**24)
        _check_count("load_timeout", self.load_timeout, 1, 86_400)
        if self.kv_cache == "f32" and self.precision == "bf16":
            raise BadParameter(
                "kv_cache=f32 does not work with precision=bf16: OpenVINO's CPU plugin refuses the pair.",
                "Use kv_cache=f16, or precision=f32.",
            )

    @classmethod
    def parse(cls, pairs: Iterable[str], base: Mapping[str, Any] | None = None) -> EngineOptions:
        """Options from `KEY=VALUE` texts on top of `base` (already typed values, as settings give them).

        Raises:
            BadParameter: An unknown key or value, with the list of what there is.
        """
        values: dict[str, Any] = dict(base or {})
        known = [field.name for field in fields(cls)]
        for pair in pairs:
            key, equals, value = pair.partition("=")
            key, value = key.strip(), value.strip().lower()
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                hint = f" Did you mean {near[0]}?" if near else ""
                raise BadParameter(f"There is no engine option {key!r}.{hint}", f"The options are: {', '.join(known)}.")
            if not equals or not value:
                raise BadParameter(f"The engine option {key} has no value.", f"Write {key}=VALUE.")
            values[key] = _count_from(key, value) if key in _COUNTS else value
        return cls(**values)


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise BadParameter(f"{name}={value} is not known.", f"{name} is one of: {', '.join(choices)}.")


def _check_count(name: str, value: object, low: int, high: int) -> None:
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise BadParameter(f"{name}={value} is out of range.", f"{name} is a whole number from {low:,} to {high:,}.")


def _count_from(name: str, text: str) -> int | None:
    if text == _COUNTS[name]:
        return None
    try:
        return int(text)
    except ValueError:
        raise BadParameter(f"{name}={text} is not a number.", f"Write {name}=N with a whole number.") from None
