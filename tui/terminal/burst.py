"""Tells a paste from typing where the terminal does not: without bracketed paste, its lines come as keys with Enter.

What is pasted comes many characters at a time; so does what somebody typed while the line was slow. An Enter or Tab
among them is held back until more is known: with many characters it is a line of a paste, with few somebody was typing
ahead, and it is the key that it seems to be. Pure: it is told what was read, and when.
"""

from __future__ import annotations

import math
import re

HOLD_S = 0.02
"""How long an Enter may wait for what follows it; then `end` says what it was."""
_GAP_S = 0.005  # the longest between two reads of what comes at once
_PAUSE_S = 0.1  # the longest within a paste that is known to be one: a slow line brings it in pieces
_LEAST_PASTE = 16  # characters; fewer are what somebody typed ahead
_LEAVES = re.compile(r"[\r\t]")  # what, typed, sends the text or leaves its box


class Burst:
    """Characters as they come.

    Attributes:
        held: What is held back.
    """

    def __init__(self) -> None:
        self.held = ""
        self._last = -math.inf
        self._count = 0
        self._pasting = False

    def feed(self, text: str, now: float) -> tuple[str, str]:
        """Characters come, in one read.

        Args:
            text: Printable, with line ends and tabs.
            now: Seconds.

        Returns:
            What was typed, and what was pasted after that.
        """
        gap, self._last = now - self._last, now
        self._pasting = self._pasting and gap <= _PAUSE_S
        if self._pasting:
            return "", text
        typed = ""
        if gap > (HOLD_S if self.held else _GAP_S):
            typed, self._count = self.held, 0
            self.held = ""
        self._count += len(text)
        text, self.held = self.held + text, ""
        at = _LEAVES.search(text)
        if at is None or self._count == 1:
            return typed + text, ""
        if self._count >= _LEAST_PASTE and at.end() < len(text):
            self._pasting = True
            return typed, text
        self.held = text[at.start() :]
        return typed + text[: at.start()], ""

    def end(self) -> str:
        """Something else came, or nothing for a while: what was held back, which was typed."""
        held, self.held = self.held, ""
        self._count, self._pasting = 0, False
        return held
