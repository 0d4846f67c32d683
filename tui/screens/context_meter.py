"""Counts how much of the context is used while somebody types: exact, in a thread, never two counts at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textual.timer import Timer
from textual.widget import Widget

if TYPE_CHECKING:
    from tui.chat.context import ContextUse
    from tui.chat.session import ChatSession

_PAUSE_S = 0.2


class ContextMeter:
    """Asks the session for the count a moment after the last change and hands it on.

    Args:
        owner: Its workers and timers do it; they end with it.
        counted: Told each new count, on the event loop; None where it cannot be counted.
    """

    def __init__(self, owner: Widget, counted: Callable[[ContextUse | None], None]) -> None:
        self._owner = owner
        self._counted = counted
        self._timer: Timer | None = None
        self._wanted: tuple[ChatSession, str] | None = None
        self._counting = False

    def measure(self, session: ChatSession, text: str) -> None:
        """Count with `text` as the next message; of several calls in a row, the last one is answered."""
        self._wanted = (session, text)
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._owner.set_timer(_PAUSE_S, self._begin)

    def _begin(self) -> None:
        if not self._counting and self._wanted is not None:
            self._counting = True
            # A function: a coroutine that is made now and never run, since the app ends, is a warning.
            count: Callable[[], Awaitable[None]] = self._count
            self._owner.run_worker(count, group="count")

    async def _count(self) -> None:
        while self._wanted is not None:
            (session, text), self._wanted = self._wanted, None
            use = await asyncio.to_thread(session.use, text)
            self._counted(use)
        self._counting = False
