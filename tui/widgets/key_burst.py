"""Tells a paste from typing where the terminal does not: without bracketed paste, its lines come as keys with Enter.

Nobody types keys 5 ms apart; a terminal hands on many at once when text is pasted, or when the line was slow while
somebody typed. So an Enter among such keys is held back until the next ones are known: with many of them it is a line
of a paste, with few somebody was typing ahead, and it is the Enter that it seems to be. Pure: knows no widget.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

HOLD_S = 0.02
"""How long an Enter may wait for the next key; then `end` says what it was."""
_GAP_S = 0.005  # the longest between two keys that come at once
_PAUSE_S = 0.1  # the longest within a paste that is known to be one: a slow line brings it in pieces
_LEAST_PASTE = 16  # keys; fewer are what somebody typed ahead


@dataclass(frozen=True, slots=True)
class Fed:
    """What a key means.

    Attributes:
        typed: What was held back and is typed after all, before the key.
        pasted: Text to insert.
        kept: The key is taken care of, and must do nothing else.
    """

    typed: str = ""
    pasted: str = ""
    kept: bool = False


class KeyBurst:
    """Keys as they come.

    Attributes:
        held: What is held back.
    """

    def __init__(self) -> None:
        self.held = ""
        self._last = -math.inf
        self._count = 0
        self._pasting = False

    def feed(self, character: str, time: float) -> Fed:
        """A key comes.

        Args:
            character: What it types; Enter is a carriage return. "" for what no paste has.
            time: When the terminal brought it, in seconds.
        """
        gap, self._last = time - self._last, time
        self._pasting = self._pasting and bool(character) and gap <= _PAUSE_S
        if self._pasting:
            return Fed(pasted=character, kept=True)
        if not character or gap > _GAP_S:
            self._count = 1 if character else 0
            return Fed(typed=self.end())
        self._count += 1
        if not self.held and character not in "\r\t":  # a tab would leave the prompt
            return Fed()
        self.held += character
        if self._count < _LEAST_PASTE or len(self.held) == 1:
            return Fed(kept=True)
        self._pasting = True
        return Fed(pasted=self.end(), kept=True)

    def end(self) -> str:
        """No key came for a while: what was held back, which is typed."""
        held, self.held = self.held, ""
        return held
