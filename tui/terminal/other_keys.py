"""Sentences that name keys by their defaults, told with those that do it now."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

NONE = "no key"
_CHAT = ("chat", "app", "prompt")


class KeyInWords(NamedTuple):
    """What the first key of something is called.

    Attributes:
        place: Where it works: what the binding's id begins with.
        default: Its default.
        now: The present one; `NONE` where there is none.
    """

    place: str
    default: str
    now: str


def names_other_key(sentence: str, keys: Iterable[KeyInWords]) -> bool:
    """Whether it may name a key that is another one now."""
    return any(each.now != each.default and each.default in sentence for each in keys)


def told(sentence: str, keys: Collection[KeyInWords], here: Collection[str] = _CHAT) -> str:
    """`sentence` with the present keys.

    Args:
        sentence: Of ours.
        keys: All keys.
        here: The places that it is about: what has the key there is meant, else what has it in the chat.
    """
    if not names_other_key(sentence, keys):
        return sentence
    names = _names(keys, here)
    pattern = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    return re.sub(rf"(?<![\w+])(?:{pattern})(?!\w)", lambda found: names[found[0]], sentence)


def _names(keys: Iterable[KeyInWords], here: Collection[str]) -> Mapping[str, str]:
    names: dict[str, str] = {}
    for each in sorted(keys, key=lambda each: (each.place not in here, each.place not in _CHAT)):
        names.setdefault(each.default, each.now)
    return names
