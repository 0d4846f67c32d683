"""Which of several names somebody may have meant who wrote another one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_ALIKE = 0.65  # of 1, by difflib
_SHORTEST = 3  # characters of a name that may stand for a longer one
_LAST_WORD = re.compile(r"[^\W_]+$")


def near_name(written: str, names: Iterable[str]) -> str:
    """The one of `names` that is nearest; "" where none is near.

    What two names begin with, `sampling.` or `ovchat-`, does not make them alike: what comes after it has to be.
    """
    scored = [(_likeness(written.casefold(), name.casefold()), name) for name in names]
    best, name = max(scored, key=lambda each: each[0], default=(0.0, ""))
    return name if best >= _ALIKE else ""


def did_you_mean(written: str, names: Iterable[str]) -> str:
    """The question with the nearest name; "" where none is near."""
    near = near_name(written, names)
    return f"Did you mean {near}?" if near else ""


def _likeness(written: str, name: str) -> float:
    same = next(
        (place for place, (a, b) in enumerate(zip(written, name, strict=False)) if a != b), min(len(written), len(name))
    )
    begins = len(_LAST_WORD.sub("", name[:same]))
    a, b = written[begins:], name[begins:]
    if min(len(a), len(b)) >= _SHORTEST and (a in b or b in a):
        return 1.0 + difflib.SequenceMatcher(None, written, name).ratio()
    return difflib.SequenceMatcher(None, a, b).ratio()
