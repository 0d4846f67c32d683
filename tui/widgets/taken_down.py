"""Waiting for widgets that are taken down."""

from __future__ import annotations

import asyncio

from textual.await_remove import AwaitRemove


async def taken_down(removal: AwaitRemove) -> None:
    """Wait until they are gone. Who waits may be cancelled.

    Textual waits for the widgets' own tasks with `gather`, which cancels them with whoever waits. A widget that is
    ended so stays where it was, half taken down, and the next one who takes it away is cancelled, too.
    """
    await asyncio.shield(removal)
