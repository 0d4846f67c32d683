"""What people do to a question: lead-ins, afterthoughts, typing errors, missing punctuation."""

from __future__ import annotations

import string
from random import Random

from tui.starter.recipe.phrases import load

CLEAN, LEAD_IN, AFTERTHOUGHT, TYPO, DROPPED_WORD = 0.25, 0.2, 0.15, 0.2, 0.05
SMALL_WORDS = frozenset({"a", "an", "the", "my", "to", "of", "do", "i", "is"})


def noisy(text: str, rng: Random) -> str:
    """The question as somebody might type it, in lower case as the chat template renders it."""
    if rng.random() < CLEAN:
        return text.lower() if text[-1] in string.punctuation else text.lower() + "?"
    around = load("words")["around"]
    if rng.random() < LEAD_IN:
        text = rng.choice(around["before"]) + text
    if rng.random() < AFTERTHOUGHT:
        text += rng.choice(around["after"])
    if rng.random() < DROPPED_WORD:
        text = drop_small_word(text, rng)
    if rng.random() < TYPO:
        text = typo(text, rng)
    return punctuate(text.lower(), rng)


def typo(text: str, rng: Random) -> str:
    """One swapped, lost, doubled or wrong letter."""
    at = rng.randrange(len(text))
    if not text[at].isalpha() or len(text) < 5:
        return text
    match rng.randrange(4):
        case 0:
            return text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :]
        case 1:
            return text[:at] + text[at + 1 :]
        case 2:
            return text[:at] + text[at] + text[at:]
        case _:
            return text[:at] + rng.choice(string.ascii_lowercase) + text[at + 1 :]


def drop_small_word(text: str, rng: Random) -> str:
    """The text without one of its articles or pronouns."""
    words = text.split()
    small = [index for index, word in enumerate(words) if word in SMALL_WORDS]
    if not small or len(words) < 4:
        return text
    del words[rng.choice(small)]
    return " ".join(words)


def punctuate(text: str, rng: Random) -> str:
    """End the text with a question mark, a full stop, or as often with nothing."""
    if text[-1] in string.punctuation:
        return text
    if rng.random() < 0.08:
        text = text.replace("'", "")
    return text + rng.choice(
        ["?", "?", "?", ".", "", "", "", "!", " ?", "??", "..."][: 11 if rng.random() < 0.2 else 7]
    )
