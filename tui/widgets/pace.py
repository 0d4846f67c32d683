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
        cpu: CPU seconds of the thread that draws.
    """

    def __init__(self, cpu: Callable[[], float] = time.thread_time) -> None:
        self._cpu = cpu
        self._before = cpu()
        self.pause = SHORTEST_S
        """Seconds to wait now."""

    def drawn(self) -> None:
        """A pause is over, and everything that was to be drawn in it is."""
        now = self._cpu()
        self.pause = min(max((now - self._before) / _SHARE, SHORTEST_S), LONGEST_S)
        self._before = now
