"""What happens to the conversation that is shown: one thing after the other, in the order in which it was begun."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial

from textual.widget import Widget

_GROUP = "works"


class Works:
    """Does it.

    Args:
        owner: Its workers do it; they end with it.
        done: Called after each.
    """

    def __init__(self, owner: Widget, done: Callable[[], None]) -> None:
        self._owner = owner
        self._done = done
        self._under_way: set[object] = set()
        self._one = asyncio.Lock()

    def __bool__(self) -> bool:
        """Something is done, or waits to be."""
        return bool(self._under_way)

    def begin(self, doing: Callable[[], Coroutine[None, None, None]]) -> None:
        """Do it when what was begun before has ended."""
        key = object()
        self._under_way.add(key)
        # A function: a coroutine that is made now and never run, since the app ends, is a warning.
        work: Callable[[], Awaitable[None]] = partial(self._do, key, doing)
        self._owner.run_worker(work, group=_GROUP)

    async def _do(self, key: object, doing: Callable[[], Coroutine[None, None, None]]) -> None:
        async with self._one:
            await doing()
        self._under_way.discard(key)
        self._done()

    def drop(self) -> None:
        """Leave all of it."""
        self._owner.workers.cancel_group(self._owner, _GROUP)
        self._under_way.clear()
