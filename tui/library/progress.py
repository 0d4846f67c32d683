"""How far a long work is, as it reports it to whoever shows it.

Every long work of the library is one function: it takes a `Report` and a `threading.Event`, reports from its own thread
at most some ten times a second, and raises `tui.engine.errors.Cancelled` within half a second after the event is set.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

_REPORT_SECONDS = 0.1
_RATE_SECONDS = 10.0  # what "of late" is
_RATE_STEP_SECONDS = 0.25
_RATE_FROM_SECONDS = 1.0
_LONGEST_LEFT_SECONDS = 100 * 3600.0  # more than that is no estimate


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a long work.

    Attributes:
        doing: What it does, for people: `downloading`, `verifying`, ...
        done: Bytes or steps of `total`.
        total: How many there are; None where nobody knows.
        in_bytes: They are bytes.
        detail: The file under way or the last line of a tool: text of others' making.
        per_s: How many per second, of late; None where that cannot be said yet.
        left_s: Seconds that are left at that rate; None where that cannot be said.
    """

    doing: str
    done: int = 0
    total: int | None = None
    in_bytes: bool = False
    detail: str = ""
    per_s: float | None = None
    left_s: float | None = None


Report = Callable[[Progress], None]


class Meter:
    """Counts what arrives, and reports it with its rate and the time left.

    Args:
        report: Told at most ten times a second.
        total: Bytes in all.
        done: Bytes that are here already; they do not count for the rate.
    """

    def __init__(self, report: Report, total: int, done: int = 0) -> None:
        self.doing = ""
        self.detail = ""
        self.done = done
        self._report = report
        self._total = total
        self._last = -_REPORT_SECONDS
        self._arrived: deque[tuple[float, int]]
        self.resume()

    def arrived(self, count: int) -> None:
        """Bytes came in."""
        self.done += count
        now = time.monotonic()
        if now - self._arrived[-1][0] > _RATE_STEP_SECONDS:
            self._arrived.append((now, 0))
        when, before = self._arrived[-1]
        self._arrived[-1] = (when, before + count)
        self.tell()

    def resume(self) -> None:
        """What comes from here on counts for the rate, and the time before does not."""
        self._arrived = deque([(time.monotonic(), 0)])

    def tell(self, *, now: bool = False) -> None:
        """Report, if the last report is long enough ago or `now`."""
        time_now = time.monotonic()
        if time_now - self._last < _REPORT_SECONDS and not now:
            return
        self._last = time_now
        while len(self._arrived) > 1 and time_now - self._arrived[0][0] > _RATE_SECONDS:
            self._arrived.popleft()
        span = time_now - self._arrived[0][0]
        rate = sum(count for _, count in self._arrived) / span if span > _RATE_FROM_SECONDS else None
        left = (self._total - self.done) / rate if rate else None
        if left is not None and left > _LONGEST_LEFT_SECONDS:
            left = None
        self._report(Progress(self.doing, self.done, self._total, True, self.detail, rate, left))
