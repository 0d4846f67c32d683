"""What the store fails with: a sentence for the user, and the next step."""

from __future__ import annotations

import reprlib


class StoreError(Exception):
    """The user's data cannot be read or written, or does not hold what was asked for.

    Args:
        sentence: What is wrong, naming the file or the conversation.
        next_step: What to do about it; empty where the sentence says it already.
    """

    def __init__(self, sentence: str, next_step: str = "") -> None:
        super().__init__(sentence, next_step)
        self.sentence = sentence
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.sentence} {self.next_step}".rstrip()


class NotWritable(StoreError):
    """What is stored can be read at best: its folder or its disk is read-only, full or failing."""


class Locked(StoreError):
    """Another program writes, for longer than was waited."""


class NotThere(StoreError):
    """What is written belongs to something that is not stored, or is not any more."""


def quoted(value: object) -> str:
    """A wrong value as a sentence names it: cut where it is long."""
    try:
        return reprlib.repr(value)
    except ValueError:  # Python does not write what TOML can say as 0xFFF...
        return "a number of thousands of digits"
