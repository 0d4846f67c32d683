"""The next value of a sampling parameter, up or down: what one press of an arrow key does."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from typing import Any

from tui.engine.sampling_params import RANGES

_STEPS = {
    "temperature": 0.1,
    "top_p": 0.05,
    "min_p": 0.01,
    "repetition_penalty": 0.05,
    "presence_penalty": 0.1,
    "frequency_penalty": 0.1,
}
_TOKENS = tuple(2**power for power in range(4, 18))
_LADDERS: dict[str, tuple[int, ...]] = {
    "top_k": (0, 1, 2, 3, 5, 10, 20, 30, 40, 50, 60, 80, 100, 150, 200, 500, 1000),
    "min_tokens": (0, *_TOKENS),
    "max_tokens": _TOKENS,
}


def stepped(name: str, value: Any, direction: int) -> Any:
    """The value after `value`, or before it; the same at an end, and for what has no steps.

    Args:
        name: The `SamplingParams` field.
        value: The present one; None is the longest `max_tokens`, and the seed before 0.
        direction: 1 for up, -1 for down.
    """
    if name == "seed":
        return _next_seed(value, direction)
    if name in _LADDERS:
        return _on_ladder(_LADDERS[name], value, direction, ends_with_none=name == "max_tokens")
    if name not in _STEPS:
        return value
    step, allowed = _STEPS[name], RANGES[name]
    # To a multiple of the step, also from between two; what float adds to one is not counted.
    places = value / step
    number = math.floor(places + 1 + 1e-6) if direction > 0 else math.ceil(places - 1 - 1e-6)
    lowest = step if allowed.above else allowed.low
    return round(min(max(number * step, lowest), allowed.high), 4)


def _on_ladder(ladder: tuple[int, ...], value: int | None, direction: int, *, ends_with_none: bool) -> int | None:
    if value is None:
        return ladder[-1] if direction < 0 else None
    if direction < 0:
        return ladder[max(0, bisect_left(ladder, value) - 1)]
    place = bisect_right(ladder, value)
    if place < len(ladder):
        return ladder[place]
    return None if ends_with_none else value


def _next_seed(value: int | None, direction: int) -> int | None:
    if value is None:
        return 0 if direction > 0 else None
    return value + direction if 0 <= value + direction <= RANGES["seed"].high else (None if direction < 0 else value)
