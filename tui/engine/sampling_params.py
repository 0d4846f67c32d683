"""The sampling parameters of one generation, validated: field, value and range are in every error.

Defaults are neutral (the model's own distribution); the app's values are in settings.toml, and which of them is in
effect is decided in sampling_resolve. Nothing here touches logits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from tui.engine.errors import BadParameter


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers a parameter may have, both ends included; `low` itself is not where it says `above`."""

    low: float
    high: float
    integer: bool = False
    above: bool = False

    def __str__(self) -> str:
        if self.above:
            return f"above {self.low} and at most {self.high}"
        return f"between {self.low} and {self.high}"

    def holds(self, value: object) -> bool:
        """Whether `value` is a number of the right kind and inside; true and false are no numbers, NaN is outside."""
        if isinstance(value, bool) or not isinstance(value, int if self.integer else int | float):
            return False
        return (self.low < value if self.above else self.low <= value) and value <= self.high


_MOST_TOKENS = 2**31 - 1  # no vocabulary, and no context, has more
RANGES: Mapping[str, Range] = {
    "temperature": Range(0, 2),
    "top_k": Range(0, _MOST_TOKENS, integer=True),
    "top_p": Range(0, 1),
    "min_p": Range(0, 1),
    "repetition_penalty": Range(0, 10, above=True),
    "presence_penalty": Range(-2, 2),
    "frequency_penalty": Range(-2, 2),
    "min_tokens": Range(0, _MOST_TOKENS, integer=True),
    "max_tokens": Range(1, _MOST_TOKENS, integer=True),
    # A seed must survive SQLite's signed 64-bit integers.
    "seed": Range(0, 2**63 - 1, integer=True),
    "logprobs": Range(0, 20, integer=True),
}
_BIAS = Range(-100, 100)
_TOKEN_ID = Range(0, math.inf, integer=True)
_MAY_BE_UNSET = frozenset({"max_tokens", "seed", "logprobs"})


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How the next token is chosen, and when the answer ends.

    The effect of each number is defined by the function of its name in tui.engine.logits.

    Attributes:
        temperature: 0 to 2; 0 is greedy: the most likely token, ties to the lowest id.
        top_k: Sample from the k most likely tokens; 0 is off.
        top_p: Sample from the first tokens, most likely first, whose probabilities sum to more than this; 1 is off.
        min_p: Sample from tokens at least this fraction as likely as the most likely one; 0 is off.
        repetition_penalty: Above 0, at most 10; 1 is off. For every id in the prompt or the answer.
        presence_penalty: -2 to 2; 0 is off. Subtracted once for every id in the answer.
        frequency_penalty: -2 to 2; 0 is off. Subtracted for every time an id is in the answer.
        logit_bias: Token id -> number from -100 to 100 that is added to its logit.
        min_tokens: The answer does not end by a stop token before it has this many tokens.
        max_tokens: The answer has at most this many tokens; None: until the context is full.
        stop: The answer ends before the first of these strings.
        ignore_eos: Stop tokens do not end the answer.
        seed: Seed of the draws; None: a fresh one, see Sampler.seed.
        logprobs: None: no log probabilities; N: that of every chosen token and of the N most likely ones.

    Raises:
        BadParameter: A value of the wrong type or outside its range.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    min_tokens: int = 0
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    ignore_eos: bool = False
    seed: int | None = None
    logprobs: int | None = None

    def __post_init__(self) -> None:
        for each in fields(self):
            object.__setattr__(self, each.name, checked(each.name, getattr(self, each.name)))
        if self.max_tokens is not None and self.min_tokens > self.max_tokens:
            raise BadParameter(
                f"min_tokens is {self.min_tokens}, it must be at most max_tokens, which is {self.max_tokens}."
            )


def checked(name: str, value: Any) -> Any:
    """One parameter's value in its own type (3 -> 3.0, one stop string -> a tuple, bias keys "7" of JSON -> 7).

    Raises:
        BadParameter: No such parameter, a wrong type, or a value outside the range.
    """
    match name:
        case "logit_bias":
            return _checked_bias(value)
        case "stop":
            return _checked_stop(value)
        case "ignore_eos":
            if not isinstance(value, bool):
                raise BadParameter(f"ignore_eos is {value!r}, it must be true or false.")
            return value
    if name not in RANGES:
        raise BadParameter(
            f"There is no sampling parameter {name!r}.",
            f"There are: {', '.join(each.name for each in fields(SamplingParams))}.",
        )
    if value is None and name in _MAY_BE_UNSET:
        return None
    allowed = RANGES[name]
    if not allowed.holds(value):
        kind = "a whole number" if allowed.integer else "a number"
        raise BadParameter(f"{name} is {value!r}, it must be {kind} {allowed}.")
    return int(value) if allowed.integer else float(value)


def _checked_bias(value: object) -> dict[int, float]:
    if not isinstance(value, Mapping):
        raise BadParameter(f"logit_bias is {value!r}, it must map token ids to numbers {_BIAS}.")
    bias: dict[int, float] = {}
    for key, number in value.items():
        # JSON has no other keys than strings.
        token_id = int(key) if isinstance(key, str) and key.isascii() and key.isdigit() else key
        if not _TOKEN_ID.holds(token_id):
            raise BadParameter(f"logit_bias has the key {key!r}, it must be a token id: a whole number, 0 or more.")
        if not _BIAS.holds(number):
            raise BadParameter(f"logit_bias of token {token_id} is {number!r}, it must be a number {_BIAS}.")
        bias[int(token_id)] = float(number)
    return bias


def _checked_stop(value: object) -> tuple[str, ...]:
    strings = (value,) if isinstance(value, str) else value
    if not isinstance(strings, Sequence) or not all(isinstance(each, str) and each for each in strings):
        raise BadParameter(f"stop is {value!r}, it must be a list of strings of at least one character each.")
    return tuple(dict.fromkeys(strings))
