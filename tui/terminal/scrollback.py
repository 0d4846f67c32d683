"""Text into the terminal's own scrollback, while the app does not have the terminal, until a key is pressed.

It blocks, and is for a thread. As on the app's own screen, little is on its way at a time where the terminal answers:
who has seen enough of a long text on a slow line need not wait for the rest of it.
"""

from __future__ import annotations

import os
import select
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from textual import events

from tui.terminal.charset import APPROXIMATE
from tui.terminal.in_flight import QUESTION, InFlight
from tui.terminal.input import Input

_LOOK_S = 0.1  # whether it is to end
_FIRST_S = 1.0  # for the first answer; then there are none
_LEAVE_S = 2.0  # for answers that nobody else should read
_LEAST, _MOST = 1 << 10, 1 << 16  # characters in one piece
_QUICK_S, _SLOW_S = 0.2, 0.6
_READ_BYTES = 1 << 12
_LEAVES_AT_ONCE = frozenset({"ctrl+c", "escape", "alt+v"})


class _Stopped(Exception):
    """Nothing more is to be written or waited for."""


class _Gone(Exception):
    """There is no terminal any more."""


class Scrollback:
    """Writes a text and waits for a key.

    Args:
        reads: Descriptor of the terminal, for reading.
        writes: Another one of it, for writing, non-blocking; `show` closes it.
        charset: What the terminal reads.
        escape_delay: Seconds that Esc waits for the rest of a key.
    """

    def __init__(self, reads: int, writes: int, charset: str, escape_delay: float) -> None:
        self._reads, self._writes = reads, writes
        self._charset = charset
        self._input = Input(escape_delay, self._take_answer, lambda: None, charset=charset)
        self._stop = threading.Event()
        self._waiting = b""
        self._in_flight = InFlight()
        self._size = _LEAST
        self._key = ""  # the last one pressed
        self._mode: _Mode | None = None

    def stop(self) -> None:
        """End it soon. From any thread."""
        self._stop.set()

    def show(self, text: str, last_line: str) -> bool:
        """Write `text` and `last_line` and wait for a key; False where there is no terminal any more.

        Ctrl+C, Esc and Alt+V end it while it is still writing.
        """
        try:
            with _quiet(self._reads) as self._mode, suppress(_Stopped):
                with suppress(_Stopped):
                    self._print(text, last_line)
                    while not self._key:
                        self._turn()
                self._settle()
            return True
        except _Gone:
            return False
        finally:
            os.close(self._writes)

    def _print(self, text: str, last_line: str) -> None:
        self._send("")
        deadline = time.monotonic() + _FIRST_S
        pieces = self._pieces(text)
        piece = next(pieces, None)
        while piece is not None or self._waiting:
            if self._waiting or not self._may_send(deadline):
                self._turn()
                if self._key in _LEAVES_AT_ONCE:
                    if self._waiting:
                        self._in_flight.take_back()
                    self._waiting = b"\n"
                    return
            elif piece is not None:
                self._send(piece)
                piece = next(pieces, None)
        self._key = ""  # whatever was typed while there was less to see
        self._waiting = self._encoded(f"\n{last_line}\n")

    def _pieces(self, text: str) -> Iterator[str]:
        """`text` in pieces that end with a line, where they can."""
        begin = 0
        while begin < len(text):
            end = begin + self._size
            if end < len(text):
                end = text.rfind("\n", begin, end) + 1 or end
            yield text[begin:end]
            begin = end

    def _may_send(self, deadline: float) -> bool:
        if not self._in_flight.answers:
            return time.monotonic() >= deadline
        if self._in_flight.patience_s <= 0:
            self._in_flight.give_up()
        return not self._in_flight.is_full

    def _send(self, piece: str) -> None:
        if asks := self._in_flight.answers or not piece:
            piece += QUESTION
        self._waiting = self._encoded(piece)
        if asks:
            self._in_flight.ask(len(self._waiting))

    def _encoded(self, text: str) -> bytes:
        return text.encode(self._charset, APPROXIMATE)

    def _take_answer(self) -> None:
        took = self._in_flight.answered()
        if took is None:
            return
        if took < _QUICK_S:
            self._size = min(2 * self._size, _MOST)
        elif took > _SLOW_S:
            self._size = max(self._size // 2, _LEAST)

    def _turn(self) -> None:
        """Read and write what can be.

        Raises:
            _Stopped: It is to end.
            _Gone: There is no terminal any more.
        """
        if self._stop.is_set():
            raise _Stopped
        wait = _LOOK_S if self._input.wait is None else min(_LOOK_S, self._input.wait)
        readable, writable, _ = select.select([self._reads], [self._writes] if self._waiting else [], [], wait)
        try:
            data = os.read(self._reads, _READ_BYTES) if readable else None
            if writable:
                with suppress(BlockingIOError):
                    self._waiting = self._waiting[os.write(self._writes, self._waiting) :]
        except OSError as error:
            raise _Gone from error
        if data == b"":
            raise _Gone
        if self._mode is not None:
            self._mode.keep()
        for event in self._input.feed(data) if data else self._input.tick():
            if isinstance(event, events.Key):
                self._key = event.key

    def _settle(self) -> None:
        """What is left is written, and what is asked is answered, or it takes too long."""
        deadline = time.monotonic() + _LEAVE_S
        self._stop.clear()
        while (self._waiting or self._in_flight.awaits_answers) and time.monotonic() < deadline:
            self._turn()


class _Mode:
    """How keys come from a terminal while a text is shown: one by one, not echoed, Ctrl+C and Ctrl+Z too.

    Raises:
        termios.error: It is no terminal.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._before = termios.tcgetattr(descriptor)
        self._wanted = termios.tcgetattr(descriptor)
        self._wanted[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
        self._wanted[6][termios.VMIN], self._wanted[6][termios.VTIME] = 1, 0
        termios.tcsetattr(descriptor, termios.TCSANOW, self._wanted)

    def keep(self) -> None:
        """Have it again, where a shell has set its own since: the process was stopped, and is continued."""
        with suppress(termios.error):
            is_another = termios.tcgetattr(self._descriptor)[3] & (termios.ECHO | termios.ICANON)
            if is_another and not self._is_in_background():
                termios.tcsetattr(self._descriptor, termios.TCSANOW, self._wanted)

    def _is_in_background(self) -> bool:
        """Who sets the terminal there is stopped."""
        try:
            return os.tcgetpgrp(self._descriptor) != os.getpgrp()
        except OSError:  # it is not the one that this process is controlled from
            return False

    def give_back(self) -> None:
        """As it was before."""
        with suppress(termios.error):
            # What follows the key was not meant for the app: a paste, say.
            termios.tcflush(self._descriptor, termios.TCIFLUSH)
            termios.tcsetattr(self._descriptor, termios.TCSANOW, self._before)


@contextmanager
def _quiet(descriptor: int) -> Iterator[_Mode | None]:
    try:
        mode = _Mode(descriptor)
    except termios.error:
        yield None
        return
    try:
        yield mode
    finally:
        mode.give_back()
