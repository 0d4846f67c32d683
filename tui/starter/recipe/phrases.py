"""The grammar's phrases: {word} is one of the words of words.toml, [a|b|] one of the alternatives."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

GRAMMAR = Path(__file__).parent / "grammar"
WORD = re.compile(r"\{(\w+)\}")
CHOICE = re.compile(r"\[([^\[\]]*)\]")


@cache
def load(name: str) -> dict[str, Any]:
    """A grammar file, parsed."""
    return tomllib.loads((GRAMMAR / f"{name}.toml").read_text(encoding="utf-8"))


def expand(pattern: str, rng: Random, **slots: str) -> str:
    """One random phrase of a pattern; `slots` are further words for this call."""
    words = load("words")["words"]
    while WORD.search(pattern):
        pattern = WORD.sub(lambda match: slots[match[1]] if match[1] in slots else words[match[1]], pattern)
    while CHOICE.search(pattern):
        pattern = CHOICE.sub(lambda match: rng.choice(match[1].split("|")), pattern)
    return " ".join(pattern.split()).replace(" ,", ",")


def gerund(phrase: str) -> str:
    """The verb phrase with its first word in -ing form: "save it" -> "saving it"."""
    verb, _, rest = phrase.partition(" ")
    if verb.endswith("ie"):
        stem = verb[:-2] + "y"
    elif verb.endswith("e") and not verb.endswith("ee"):
        stem = verb[:-1]
    else:
        stem = verb + verb[-1] if verb in load("words")["doubled"].split() else verb
    return f"{stem}ing {rest}".strip()
