"""Textual's parser, fed whole sequences only: it never waits, and what it cannot read does no harm."""

from __future__ import annotations

import re

from textual import events
from textual._xterm_parser import XTermParser
from textual.message import Message

from tui.terminal.keys import plain
from tui.terminal.sequences import ESC

_READABLE = 32  # characters; Textual reads no longer sequence
# CSI with a sign of its own is an answer, but for whether the terminal knows a mode; so are OSC, DCS and APC.
_ANSWER = re.compile(r"\x1b(?:\[[=>?](?![0-9;]+\$y)|\[[0-9;]*n|[\]P_][0-9>!G])")


class Parser:
    """Names what has come."""

    def __init__(self) -> None:
        self._parser = XTermParser()

    def events(self, sequence: str) -> list[Message]:
        """The events of one character, or of one whole sequence.

        None for what the terminal answers; of two ESC, those of a key with Alt only.
        """
        if not sequence.startswith(ESC):
            return self._parse(sequence)
        if sequence == ESC:
            return [events.Key("escape", ESC)]
        if sequence.startswith(ESC + ESC):
            found = self.events(sequence[1:])
            # rxvt and PuTTY send ESC before the sequence of a key for Alt.
            are_keys = all(isinstance(event, events.Key) for event in found)
            return [_with_alt(event) for event in found] if are_keys else []
        if len(sequence) == 2:
            return self._parse(sequence) or [_with_alt(event) for event in self._parse(sequence[1])]
        if _ANSWER.match(sequence):
            return []
        written = plain(sequence)
        if written.startswith(ESC):
            return self._parse(written)
        return [event for character in written for event in self._parse(character)]

    def _parse(self, text: str) -> list[Message]:
        if text.startswith(ESC) and len(text) > _READABLE:
            return []
        try:
            found = list(self._parser.feed(text))
        except Exception:  # numbers that are no number of anything
            found = []
        if not found and text.startswith(ESC):
            # It knows nothing that begins so, and waits for more, or will never read again.
            before, self._parser = self._parser, XTermParser()
            for name in ("last_x", "last_y", "mouse_pixels", "terminal_size", "terminal_pixel_size"):
                setattr(self._parser, name, getattr(before, name))
        return found


def _with_alt(event: Message) -> Message:
    # Ctrl+C after Esc, in one read, still is Ctrl+C.
    if not isinstance(event, events.Key) or event.key.startswith("ctrl+"):
        return event
    *modifiers, key = event.key.split("+")
    if len(key) == 1 and key.isupper():
        modifiers, key = [*modifiers, "shift"], key.lower()
    return events.Key("+".join([*sorted({"alt", *modifiers}), key]), None)
