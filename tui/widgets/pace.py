"""How often an answer is drawn while it is written: as often as it leaves the processor to the model."""

from __future__ import annotations

import time
from collections.abc import Callable

# Smooth enough to read along; more often only costs.
SHORTEST_S = 1 / 15
# Longer looks as if the model had stopped.
LONGEST_S = 1 / 4
# Of one core. The model computes on all of them in step: what one of them draws, all of them wait for.
_SHARE = 0.05


class Pace:
    """The pause between two drawings, from what the last one cost.

    Args:
        shortest: The least pause that the terminal and the line to it allow, in seconds; it may be longer than what
            leaves the processor alone.
        cpu: CPU seconds of the thread that draws.
    """

    def __init__(
        self, shortest: Callable[[], float] = lambda: SHORTEST_S, cpu: Callable[[], float] = time.thread_time
    ) -> None:
        self._shortest = shortest
        self._cpu = cpu
        self._before = cpu()
        self.pause = shortest()
        """Seconds to wait now."""

    def drawn(self) -> None:
        """A pause is over, and everything that was to be drawn in it is."""
        now = self._cpu()
        self.pause = max(min((now - self._before) / _SHARE, LONGEST_S), self._shortest())
        self._before = now
