"""The read side of the terminal: bytes in, Textual's events out, whatever the network did to them on the way.

Where a key begins and ends is decided here: one in pieces is still that key, what is left of one that was taken for
Esc is never typed, what the terminal answers never reaches the prompt, and a paste is one even where it is not told.
"""

from __future__ import annotations

import codecs
import re
import time
from collections.abc import Callable, Generator, Iterator

from textual import events
from textual.message import Message

from tui.terminal.burst import HOLD_S, Burst
from tui.terminal.charset import ASCII, UTF_8
from tui.terminal.parser import Parser
from tui.terminal.sequences import ESC, PASTE_BEGINS, PASTE_ENDS, is_sent, length

_REST_S = 1.0  # for what has begun as no key of a person does
_TAIL_S = 1.0  # so long after it was given up, what is left of a sequence may come
_PASTE_S = 5.0  # without a byte, and a paste is not going to end
_LONGEST_PASTE = 1 << 24  # characters in one piece
_LONGEST = 512  # characters of a sequence that are kept; none that means something is longer
_ALONE = (ESC, ESC + ESC, *(ESC + begins for begins in "]P_"))
_CONTROL = re.compile(r"([\x00-\x08\x0b\x0c\x0e-\x1f\x7f])")  # not line ends and tabs, which pastes have
_ANSWERED = ("\x1b[0n", "\x1b[3n")
META_QUESTION = "\x1b[?1036$p"
"""Asks whether Alt and a letter is ESC and the letter, which it is not in xterm as it comes."""
META_ON, META_OFF = "\x1b[?1036h", "\x1b[?1036l"
_META_IS_OFF = "\x1b[?1036;2$y"
_NO_TEXT = re.compile(r"[\ud800-\udfff]+")

Done = events.Key | events.Paste
"""What somebody does with a keyboard."""
Tap = Callable[[bytes, list[Done]], None]


class Input:
    """Reads a terminal. It has no thread and no descriptor: it is fed, and asked when nothing has come.

    Args:
        escape_delay: Seconds that Esc waits for the rest of a key.
        answered: The terminal has answered a question (`CSI 0 n`).
        types_with_alt: The terminal has said that it types another letter for Alt and a letter (`META_QUESTION`).
        clock: Seconds.
        charset: What the terminal writes.

    Attributes:
        tap: When set, keys and pastes go to it and not to the app, with the bytes that they were. It is called in the
            thread that reads.
        is_early: What comes was typed while there was nobody yet to type to: keys, however many come at once.
    """

    def __init__(
        self,
        escape_delay: float,
        answered: Callable[[], None],
        types_with_alt: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        charset: str = UTF_8,
    ) -> None:
        self.tap: Tap | None = None
        self.is_early = False
        self._escape_delay = escape_delay
        self._answered, self._types_with_alt = answered, types_with_alt
        self._clock = clock
        self._parser = Parser()
        self._charset = charset if charset != ASCII else UTF_8  # which has all that ASCII has
        # What is not of the charset is kept as it came, for who wants to see the bytes.
        self._decode = codecs.getincrementaldecoder(self._charset)("surrogateescape").decode
        self._burst = Burst()
        self._came = 0.0  # when the last bytes did
        self._begun = ""  # of a sequence
        self._given_up = ""  # what had begun and did not go on in time
        self._gave_up = 0.0
        self._rest = ""  # what may be the rest of that
        self._paste: list[str] | None = None
        self._paste_size = 0
        self._edge = ""  # what may be the beginning of the paste's end
        self._paste_cut = False

    @property
    def wait(self) -> float | None:
        """Seconds until `tick` has something to decide; None where nothing is undecided."""
        return None if (due := self._due) is None else max(0.0, due - self._clock())

    @property
    def _due(self) -> float | None:
        if self._paste is not None:
            return self._came + _PASTE_S
        if self._begun:
            return self._came + (self._escape_delay if self._begun in _ALONE else _REST_S)
        if self._rest:
            return self._came + self._escape_delay
        return self._came + HOLD_S if self._burst.held else None

    def feed(self, data: bytes) -> list[Message]:
        """What was read, in one piece. The events that it makes."""
        self._came = self._clock()
        return list(self._read(self._decode(data)))

    def tick(self) -> list[Message]:
        """Nothing has come. The events of what has waited long enough."""
        due = self._due
        if due is None or self._clock() < due:
            return []
        if self._paste is not None:
            self._paste_cut = True
            return list(self._end_paste(self._edge))
        if self._begun:
            return list(self._give_up())
        if self._rest:
            text, self._rest, self._given_up = self._rest, "", ""
            return list(self._characters(text))
        return list(self._typed(self._burst.end()))

    def _read(self, text: str) -> Iterator[Message]:
        if self._paste_cut and text:
            # What the line held up for so long is pasted as well, where it is told to be the paste's.
            self._paste_cut = False
            late, end, after = text.partition(PASTE_ENDS)
            if end:
                yield from self._pasted(late)
                text = after
        text, self._begun = self._begun + text, ""
        while text:
            if self._paste is not None:
                text = yield from self._read_paste(text)
            elif self._given_up:
                text = yield from self._read_rest(text)
            elif text[0] != ESC:
                characters, escape, text = text.partition(ESC)
                yield from self._characters(characters)
                text = escape + text
            elif end_of_it := length(text):
                yield from self._sequence(text[:end_of_it])
                text = text[end_of_it:]
            else:
                # One without an end is none of ours: its middle is forgotten.
                self._begun = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + text[-1]
                text = ""

    # Sequences, whole and in pieces

    def _sequence(self, sequence: str) -> Iterator[Message]:
        yield from self._typed(self._burst.end())
        found = self._events(_readable(sequence))
        if not found and sequence.startswith(ESC + ESC):
            # Esc was pressed, and the terminal answered something or began a paste.
            yield from self._told(ESC, self._events(ESC))
            sequence = sequence[1:]
            found = self._events(sequence)
        yield from self._told(sequence, found)

    def _events(self, sequence: str) -> list[Message]:
        if sequence in _ANSWERED:
            self._answered()
            return []
        if sequence == _META_IS_OFF:
            self._types_with_alt()
            return []
        if sequence == PASTE_BEGINS:
            self._paste, self._paste_size = [], 0
        return self._parser.events(sequence) if sequence not in (PASTE_BEGINS, PASTE_ENDS) else []

    def _give_up(self) -> Iterator[Message]:
        begun, self._begun = self._begun, ""
        self._given_up, self._gave_up = begun, self._clock()
        if begun.startswith(ESC + ESC):
            yield from self._sequence(ESC)
        if begun == ESC + ESC:
            self._given_up = begun = ESC
        if len(begun) <= 2:
            yield from self._sequence(begun)

    def _read_rest(self, text: str) -> Generator[Message, None, str]:
        """Take away what is left of a sequence that was given up; what follows it."""
        begun, since = self._given_up, self._came - self._gave_up
        text, self._rest = self._rest + text, ""
        if text[0] == ESC:
            self._given_up = ""
            return text
        if begun == ESC and text[0] in "\r\n" and since <= self._escape_delay:
            # Alt+Enter in two pieces, maybe. Rather a line too many than half a message sent.
            self._given_up = ""
            yield from self._sequence(ESC + text[0])
            return text[1:]
        end = length(begun + text)
        if not end and since <= _TAIL_S:
            self._rest = text
            return ""
        self._given_up = ""
        sequence = (begun + text)[:end]
        if since > _TAIL_S or end <= len(begun) or not is_sent(sequence):
            return text
        # Esc has done its work, so this key does nothing; whatever else it is counts.
        yield from (event for event in self._events(sequence) if not isinstance(event, events.Key))
        return text[end - len(begun) :]

    # Pastes

    def _read_paste(self, text: str) -> Generator[Message, None, str]:
        """Take a paste's text; what follows its end."""
        assert self._paste is not None
        text, end, after = (self._edge + text).partition(PASTE_ENDS)
        if end:
            yield from self._end_paste(text)
            return after
        kept = next(size for size in range(len(PASTE_ENDS) - 1, -1, -1) if text.endswith(PASTE_ENDS[:size]))
        self._edge = text[len(text) - kept :]
        self._paste.append(text[: len(text) - kept])
        self._paste_size += len(self._paste[-1])
        if self._paste_size > _LONGEST_PASTE:
            yield from self._pasted("".join(self._paste))
            self._paste, self._paste_size = [], 0
        return ""

    def _end_paste(self, text: str) -> Iterator[Message]:
        parts, self._paste, self._edge = self._paste or [], None, ""
        yield from self._pasted("".join(parts) + text)

    def _pasted(self, text: str) -> Iterator[Message]:
        if text:
            # NUL: https://github.com/Textualize/textual/issues/1661
            yield from self._told(text, [events.Paste(_readable(text).replace("\0", ""))])

    # Characters

    def _characters(self, text: str) -> Iterator[Message]:
        for number, run in enumerate(_CONTROL.split(text)):
            if number % 2:
                yield from self._sequence(run)
            elif run and self.is_early:
                yield from self._typed(run)
            elif run:
                typed, pasted = self._burst.feed(run, self._came)
                yield from self._typed(typed)
                yield from self._pasted(pasted)

    def _typed(self, text: str) -> Iterator[Message]:
        for character in text:
            yield from self._told(character, self._parser.events(_readable(character)))

    def _told(self, came: str, found: list[Message]) -> Iterator[Message]:
        """To the app, or to who listens to keys in its place."""
        done = [event for event in found if isinstance(event, Done)]
        if self.tap is None or not done:
            yield from found
        else:
            self.tap(came.encode(self._charset, "surrogateescape"), done)


def _readable(text: str) -> str:
    return _NO_TEXT.sub("\ufffd", text)
