"""What is on its way to a terminal: questions about its status (`CSI 5 n`) that it has not answered yet.

A terminal answers in order, and all answers are alike (`CSI 0 n`). So one that comes after its question was given up is
still that question's, and what was sent later is still on its way. Knows nothing of what is sent.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

QUESTION = "\x1b[5n"
_MOST = 2
_PATIENCE_S = 15.0  # after so long without a sign more is sent; twice as long each time
_MOST_PATIENCE_S = 60.0
_REMEMBERED = 64  # questions, where none is answered
_TELLING = 2048  # bytes that tell how fast the line is; fewer tell how far it is
_LATEST = 4  # measures of that; the fastest counts, for a line may always be held up


class _Asked(NamedTuple):
    at: float
    size: int  # bytes
    on_its_way: int  # bytes, with those before it


class InFlight:
    """Questions that are asked and answered; `answered` may be called from another thread.

    Args:
        second_bytes: So much may be on its way when something else follows.
        clock: Seconds.

    Attributes:
        answers: The terminal does.
    """

    def __init__(self, second_bytes: float = math.inf, clock: Callable[[], float] = time.monotonic) -> None:
        self.answers = False
        self._second_bytes = second_bytes
        self._clock = clock
        self._asked: deque[_Asked] = deque()
        self._given_up = 0  # so many of them, the oldest
        self._answered_at = -math.inf
        self._quickest_s = math.inf
        self._speeds: deque[float] = deque(maxlen=_LATEST)
        self._patience_s = _PATIENCE_S
        self._changed = threading.Condition()

    def ask(self, count: int) -> None:
        """So many bytes are sent, with a question at their end."""
        with self._changed:
            if len(self._asked) == _REMEMBERED:
                self._pop_oldest()
            before = sum(each.size for each in self._asked)
            self._asked.append(_Asked(self._clock(), count, before + count))

    def take_back(self) -> None:
        """The latest question is not sent after all."""
        with self._changed:
            if self._asked:
                self._asked.pop()

    def answered(self) -> float | None:
        """An answer has come; seconds since its question. None where nothing was asked."""
        with self._changed:
            self.answers = True
            self._answered_at = self._clock()
            self._patience_s = _PATIENCE_S
            self._changed.notify_all()
            if not self._asked:
                return None
            asked = self._pop_oldest()
            seconds = self._answered_at - asked.at
            self._quickest_s = min(self._quickest_s, seconds)
            if asked.on_its_way >= _TELLING:
                took = seconds - self._quickest_s  # what is not the way there and back
                self._speeds.append(asked.on_its_way / took if took > 0 else math.inf)
            return seconds

    @property
    def bytes_per_s(self) -> float:
        """What the line carries, as far as that was seen; infinite where it never had much to carry."""
        with self._changed:
            return max(self._speeds, default=math.inf)

    def _pop_oldest(self) -> _Asked:
        self._given_up = max(0, self._given_up - 1)
        return self._asked.popleft()

    @property
    def _unanswered(self) -> int:
        return len(self._asked) - self._given_up

    @property
    def awaits_answers(self) -> bool:
        """There are questions that will be answered, as far as is known."""
        return self.answers and self._unanswered > 0

    @property
    def is_full(self) -> bool:
        """As much is on its way as may be."""
        with self._changed:
            # Of what was given up it may all still be on its way.
            most = 1 if self._given_up else _MOST
            count = sum(each.size for each in list(self._asked)[self._given_up :])
            return self.answers and (self._unanswered >= most or count >= self._second_bytes)

    @property
    def patience_s(self) -> float:
        """Seconds until `give_up`: since the oldest question, or since the last answer; infinite without a question."""
        with self._changed:
            if not self._unanswered:
                return math.inf
            return max(self._asked[self._given_up].at, self._answered_at) + self._patience_s - self._clock()

    def give_up(self) -> None:
        """No answer for so long: it was lost, or is late."""
        with self._changed:
            if self._asked and self._answered_at > self._asked[-1].at:
                # The line has moved since the last question, and nothing else came: the rest was lost.
                self._asked.clear()
            self._given_up = len(self._asked)
            self._patience_s = min(2 * self._patience_s, _MOST_PATIENCE_S)

    def forget(self) -> None:
        """Somebody else had the terminal, and what it answered."""
        with self._changed:
            self._asked.clear()
            self._given_up = 0

    def wait(self, seconds: float) -> None:
        """Wait until all is answered that will be, at most so long."""
        with self._changed:
            self._changed.wait_for(lambda: not self.awaits_answers, max(0.0, seconds))
