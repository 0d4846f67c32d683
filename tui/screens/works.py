"""What happens to the conversation that is shown: one thing after the other, in the order in which it was begun."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from textual.widget import Widget
from textual.worker import Worker

_Doing = Callable[[], Coroutine[None, None, object]]


class Works:
    """Does it, in one worker: whatever is mounted meanwhile keeps the worker that it was mounted in.

    Args:
        owner: Its worker does it; it ends with it.
        done: Called after each.
    """

    def __init__(self, owner: Widget, done: Callable[[], None]) -> None:
        self._owner = owner
        self._done = done
        self._waiting: asyncio.Queue[_Doing] = asyncio.Queue()
        self._under_way = False
        self._worker: Worker[None] | None = None

    def __bool__(self) -> bool:
        """Something is done, or waits to be."""
        return self._under_way or not self._waiting.empty()

    def begin(self, doing: _Doing) -> None:
        """Do it when what was begun before has ended."""
        self._waiting.put_nowait(doing)
        if self._worker is None:
            self._worker = self._owner.run_worker(self._go, group="works")

    async def _go(self) -> None:
        while True:
            doing = await self._waiting.get()
            self._under_way = True
            await doing()
            self._under_way = False
            self._done()

    def drop(self) -> None:
        """Leave all of it."""
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None
        self._waiting = asyncio.Queue()
        self._under_way = False
