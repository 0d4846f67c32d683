"""A terminal's input that is read as the driver does, on a clock of the test's own."""

from __future__ import annotations

from textual import events
from textual.message import Message

from tui.terminal.input import Input
from tui.terminal.keys import register

DELAY_S = 0.05
SHORT_S, LONG_S = 0.8 * DELAY_S, 3 * DELAY_S
"""Below and above the delay of Esc."""


class Reading:
    """What comes, and what becomes of it.

    Attributes:
        messages: Everything that the app is given.
        answers: How many answers to status queries were counted.
        types_with_alt: The terminal has said that it types something for Alt and a letter.
        now: The time.
    """

    def __init__(self, delay: float = DELAY_S) -> None:
        register()
        self.messages: list[Message] = []
        self.answers = 0
        self.types_with_alt = False
        self.now = 1000.0
        self.input = Input(delay, self._answered, self._types, lambda: self.now)

    def _answered(self) -> None:
        self.answers += 1

    def _types(self) -> None:
        self.types_with_alt = True

    def come(self, *pieces: bytes | str, gap: float = 0.0) -> None:
        """Pieces come, one read each, so many seconds apart."""
        for number, piece in enumerate(pieces):
            if number:
                self.wait(gap)
            self.messages += self.input.feed(piece.encode() if isinstance(piece, str) else piece)

    def wait(self, seconds: float) -> None:
        """Nothing comes for so long."""
        until = self.now + seconds
        while (wait := self.input.wait) is not None and self.now + wait <= until:
            # As long as a system's timer may be late.
            self.now += wait + 1e-4
            self.messages += self.input.tick()
        self.now = max(self.now, until)

    @property
    def happened(self) -> list[str]:
        """Keys by their names, and what was pasted, after a colon."""
        return [
            f"paste:{each.text}" if isinstance(each, events.Paste) else each.key
            for each in self.messages
            if isinstance(each, events.Key | events.Paste)
        ]


def happens(*pieces: bytes | str, gap: float = 0.0, delay: float = DELAY_S) -> list[str]:
    """What becomes of pieces that come so many seconds apart, when nothing follows them."""
    reading = Reading(delay)
    reading.come(*pieces, gap=gap)
    reading.wait(60)
    return reading.happened
