"""Questions about anything but ovchat and OpenVINO, to be declined."""

from __future__ import annotations

import re
from functools import cache
from random import Random

from tui.starter.recipe.phrases import load

SLOT = re.compile(r"\{([a-z])\}")
PSEUDO_WORD = 0.15


@cache
def _lists() -> dict[str, list[str]]:
    source = load("foreign")
    phrases = [phrase.strip() for phrase in source["phrases"].split(";")]
    return {
        "nouns": source["nouns"].split(),
        "phrases": phrases,
        "verbs": source["verbs"].split(),
        "adjectives": source["adjectives"].split(),
        "units": source["units"].split(),
        "onsets": source["onsets"].split(),
        "vowels": source["vowels"].split(),
        "codas": [*source["codas"].split(), *[""] * 8],
        "about": [template.strip() for template in source["names"].split(";")],
        "doing": [template.strip() for template in source["doing"].split(";")],
        "whole": [question.strip() for question in source["whole"].split(";")],
    }


def foreign_question(rng: Random) -> str:
    """A random question that the starter cannot answer."""
    lists = _lists()
    kind = rng.choices(["about", "doing", "whole"], [45, 40, 15])[0]
    return SLOT.sub(lambda match: _slot(match[1], rng), rng.choice(lists[kind]))


def pseudo_word(rng: Random) -> str:
    """A pronounceable word that (mostly) does not exist: the model learns to decline what it has never seen."""
    parts = [_lists()[part] for part in ("onsets", "vowels", "codas")]
    return "".join(rng.choice(part) for _ in range(rng.choice([1, 2, 2, 3, 3, 4])) for part in parts)


def _slot(letter: str, rng: Random) -> str:
    lists = _lists()
    match letter:
        case "n" | "m":
            if rng.random() < PSEUDO_WORD:
                return pseudo_word(rng)
            return rng.choice(lists["nouns"] if rng.random() < 0.7 else lists["phrases"])
        case "v":
            return rng.choice(lists["verbs"]) if rng.random() > PSEUDO_WORD else pseudo_word(rng)
        case "a":
            return rng.choice(lists["adjectives"])
        case "u" | "w":
            return rng.choice(lists["units"])
        case "k":
            return str(rng.randrange(1, 10 ** rng.randrange(1, 5)))
        case "o":
            return rng.choice(["+", "-", "*", "/", "times", "plus", "minus", "divided by", "x"])
        case "g":
            return pseudo_word(rng)
    raise ValueError(f"no slot {letter!r} in foreign.toml")
