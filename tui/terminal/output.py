"""The write side of the terminal: what is said to it in order, and of what it is to show the newest only.

A frame that cannot be written now is not kept: when the line is free again, the difference is taken from what was
sent last to what is to be seen then. What is on its way is bounded from end to end, since ssh alone holds a megabyte:
every frame ends with a question that the terminal answers (its status, `CSI 5 n`), and while two are unanswered, no
other frame is sent.
"""

from __future__ import annotations

import asyncio
import math
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from tui.terminal.cells import Row
from tui.terminal.charset import APPROXIMATE, UTF_8
from tui.terminal.frame import Frame
from tui.terminal.frame_diff import frame_diff
from tui.terminal.in_flight import QUESTION, InFlight
from tui.terminal.link import Link

_BEGIN_UPDATE, _END_UPDATE = "\x1b[?2026h", "\x1b[?2026l"
_CUT_OFF = b"\x18\x1b[r\x1b[m"  # ends whatever sequence, margins and look were
# Where nothing is known of the terminal, nor is it what state it is in: charset, look, margins, wrapping, cursor.
_ANEW = "\x0f\x1b[m\x1b[r\x1b[?7l\x1b[?25l"

_SECOND_BYTES = 1024  # as much may be on its way when another frame follows
_SILENT_S = 0.25  # between two frames to a far terminal that answers nothing
_SLOWEST_S = 1.0  # between two frames, however slow the line is
_SOON_S = 0.3  # so long after a key its echo does not wait for its turn
_IDLE_S = 30.0  # after the last frame everything is written once more
_RETRY_S = 0.02
_MEASURED_S = 5.0


class Output:
    """Writes to a terminal from an event loop. Made and used in the loop's thread, but for `answered` and `hurry`.

    Args:
        descriptor: Of the terminal, for writing, non-blocking, and no one else's; `close` closes it.
        line: What it is connected with.
        refresh: The setting: frames per second at most.
        charset: What the terminal reads; what that does not have is written as near as can be.
        synchronised: Whether the terminal holds back what it draws within an update.
        clock: Seconds.

    Attributes:
        gone: There is no terminal any more; nothing is written.
        frames: How many were written.
        write_s: Seconds that the last frame took: until the terminal had answered, or else until the system had it.
    """

    def __init__(
        self,
        descriptor: int,
        line: Link,
        refresh: int | None = None,
        *,
        charset: str = UTF_8,
        synchronised: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.gone = False
        self.frames = 0
        self.write_s = 0.0
        self._descriptor = descriptor
        self._line = line
        self._refresh_s = line.refresh(refresh)
        self._charset = charset
        self._synchronised = synchronised
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._waiting = bytearray()  # what the system has not taken
        self._of_a_frame = 0  # so many bytes of it are the rest of a frame
        self._long = slice(0, 0)  # these may be given up
        self._is_watched = False
        self._paused = False
        self._turn: asyncio.TimerHandle | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._frame: Frame | None = None
        self._cursor = (0, 0)
        self._is_due = False
        self._shown: list[Row] | None = None
        self._shown_cursor: tuple[int, int] | None = None
        self._sent_at = -math.inf
        self._hurry_until = 0.0
        self._in_flight = InFlight(_SECOND_BYTES, self._clock)
        self._quickest_s = math.inf
        self._written: deque[tuple[float, int]] = deque()  # when, and bytes
        self._drawn: deque[float] = deque()  # when frames were

    # What is to be written

    def write(self, text: str, *, may_be_cut: bool = False) -> None:
        """Write control sequences: all of them, in order, as soon as the terminal takes them. Never blocks.

        Args:
            text: The sequences.
            may_be_cut: They are given up, and cut off, where giving the terminal back would have to wait for them.
        """
        if threading.get_ident() != self._thread:
            self._from_elsewhere(lambda: self.write(text, may_be_cut=may_be_cut))
            return
        end = len(self._waiting)
        self._waiting += text.encode(self._charset, APPROXIMATE)
        if may_be_cut:
            self._long = slice(self._long.start if self._long.stop == end else end, len(self._waiting))
        self._push()

    def show(self, frame: Frame, cursor: tuple[int, int]) -> None:
        """Show a frame, which may change until it is written, in place of one that waits.

        Args:
            frame: What is to be seen.
            cursor: Column and row of the terminal's cursor, from 0.
        """
        self._frame, self._cursor, self._is_due = frame, cursor, True
        self._advance()

    def forget(self) -> None:
        """The frame is none any more, and nothing is known of the screen: it has another size."""
        self._frame, self._is_due = None, False
        self.invalidate()

    def invalidate(self) -> None:
        """Nothing is known of the screen any more: all of the frame is written again."""
        self._shown = self._shown_cursor = None
        self._is_due = self._frame is not None
        self._advance()

    def hurry(self) -> None:
        """A key was pressed: what it does is seen at once. From any thread."""
        self._hurry_until = self._clock() + _SOON_S

    def answered(self) -> None:
        """The terminal has answered a question (`CSI 0 n`). From any one thread."""
        seconds = self._in_flight.answered()
        self._from_elsewhere(lambda: self._take_answer(seconds))

    # Beginning and end

    def begin(self) -> None:
        """The terminal is ours, to begin with or again."""
        self._paused = False
        self._in_flight.forget()
        # The first answer tells that there are any.
        self._in_flight.ask(len(QUESTION))
        self.write(QUESTION)
        self.invalidate()

    def pause(self, seconds: float) -> None:
        """Write no frames until `begin`; wait until all else is written and every question answered, but no longer.

        An answer that comes when nobody reads them any more would be a key to whoever has the terminal next.
        """
        deadline = self._clock() + seconds
        self._paused = True
        self._stop_timers()
        if self._of_a_frame:
            end = _END_UPDATE if self._synchronised() else ""
            cut = _CUT_OFF + end.encode()
            self._waiting[: self._of_a_frame] = cut
            self._move_long(len(cut) - self._of_a_frame)
            self._of_a_frame = 0
            self._in_flight.take_back()
        self._drain(deadline)
        if self._long.stop:
            self._waiting[self._long] = b"" if self._long.start else _CUT_OFF
            self._long = slice(0, 0)
        if not self.gone:
            self._in_flight.wait(deadline - self._clock())

    def close(self, seconds: float) -> None:
        """Write what is left, as long as some of it goes within so many seconds, and let go of the terminal."""
        self._paused = True
        self._stop_timers()
        before = -1
        while self._waiting and len(self._waiting) != before:
            before = len(self._waiting)
            self._drain(self._clock() + seconds)
        self._watch(False)
        self.gone = True
        with suppress(OSError):
            os.close(self._descriptor)

    # What was measured

    @property
    def interval_s(self) -> float:
        """Seconds between two frames, as the line is: longer where writing one takes longer."""
        if self._line.remote and not self._in_flight.answers:
            return max(self._refresh_s, _SILENT_S)
        took = self.write_s - self._quickest_s  # what is not the way there and back
        return max(self._refresh_s, min(took, _SLOWEST_S))

    def seconds_for(self, count: int) -> float:
        """How long so many bytes would hold up what comes after them; 0 where nothing is known of the line."""
        return count / self._in_flight.bytes_per_s

    @property
    def bytes_per_s(self) -> float:
        """Bytes per second, of the last five seconds."""
        self._forget()
        return sum(count for _, count in self._written) / _MEASURED_S

    @property
    def frames_per_s(self) -> float:
        """Frames per second, of the last five seconds."""
        self._forget()
        return len(self._drawn) / _MEASURED_S

    # Frames

    def _advance(self) -> None:
        """Write the frame that waits, if the line is free; else when it may be."""
        if not self._is_due or self._paused or self.gone or self._waiting:
            return
        if self._in_flight.patience_s <= 0:
            self._in_flight.give_up()
        wait = self._wait_s()
        if self._turn is not None:
            self._turn.cancel()
        self._turn = self._loop.call_later(wait, self._advance) if wait > 0 else None
        if wait <= 0:
            self._write_frame()

    def _wait_s(self) -> float:
        """Seconds until a frame may be written; an answer may end them."""
        now = self._clock()
        wait = 0.0 if now < self._hurry_until else self._sent_at + self.interval_s - now
        return max(wait, self._in_flight.patience_s) if self._in_flight.is_full else wait

    def _write_frame(self) -> None:
        frame, self._is_due = self._frame, False
        if frame is None:
            return
        rows, before = frame.rows, self._shown
        if before is not None and (len(before), len(before[0])) != (frame.height, frame.width):
            before = None
        text = frame_diff(before, rows, erases_with_colour=self._line.erases_with_colour)
        if not text and self._cursor == self._shown_cursor:
            return
        self._shown, self._shown_cursor = list(rows), self._cursor
        x, y = self._cursor
        text = f"{'' if before is not None else _ANEW}{text}\x1b[{y + 1};{x + 1}H"
        if self._synchronised():
            text = f"{_BEGIN_UPDATE}{text}{_END_UPDATE}"
        data = (text + QUESTION).encode(self._charset, APPROXIMATE)
        self._waiting += data
        self._of_a_frame = len(data)
        self._in_flight.ask(len(data))
        self.frames += 1
        self._sent_at = self._clock()
        self._drawn.append(self._sent_at)
        self._push()
        if before is not None or self._idle is None:
            self._heal_later()

    def _take_answer(self, seconds: float | None) -> None:
        if seconds is not None:
            self._measured(seconds)
        self._advance()

    def _heal_later(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = self._loop.call_later(_IDLE_S, self.invalidate)

    def _stop_timers(self) -> None:
        for timer in (self._turn, self._idle):
            if timer is not None:
                timer.cancel()
        self._turn = self._idle = None

    # Bytes

    def _push(self) -> None:
        """Give the system as much as it takes, and come back when it takes more."""
        drawing = self._of_a_frame > 0
        while self._waiting and not self.gone:
            try:
                count = os.write(self._descriptor, bytes(self._waiting))
            except BlockingIOError:
                break
            except OSError:  # the terminal's other end was closed
                self.gone = True
                break
            del self._waiting[:count]
            self._of_a_frame = max(0, self._of_a_frame - count)
            self._move_long(-count)
            self._written.append((self._clock(), count))
            self._forget()
        if self.gone:
            self._waiting.clear()
        elif drawing and not self._of_a_frame and not self._in_flight.answers:
            self._measured(self._clock() - self._sent_at)
        self._watch(bool(self._waiting))

    def _move_long(self, by: int) -> None:
        stop = self._long.stop and max(0, self._long.stop + by)
        self._long = slice(max(0, self._long.start + by) if stop else 0, stop)

    def _take_more(self) -> None:
        self._push()
        self._advance()

    def _watch(self, wanted: bool) -> None:
        """Have `_take_more` called when the terminal takes something."""
        if wanted == self._is_watched:
            return
        self._is_watched = wanted
        if not wanted:
            self._loop.remove_writer(self._descriptor)
            return
        try:
            self._loop.add_writer(self._descriptor, self._take_more)
        except OSError:  # macOS has terminals that cannot be watched
            self._loop.call_later(_RETRY_S, self._try_again)

    def _try_again(self) -> None:
        self._is_watched = False
        self._take_more()

    def _drain(self, deadline: float) -> None:
        """Write what is left, blocking."""
        self._push()
        while self._waiting and (left := deadline - self._clock()) > 0:
            select.select([], [self._descriptor], [], left)
            self._push()

    def _measured(self, seconds: float) -> None:
        self.write_s = seconds
        self._quickest_s = min(self._quickest_s, self.write_s)

    def _forget(self) -> None:
        before = self._clock() - _MEASURED_S
        while self._written and self._written[0][0] < before:
            self._written.popleft()
        while self._drawn and self._drawn[0] < before:
            self._drawn.popleft()

    def _from_elsewhere(self, call: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(call)
