"""Waiting for what another thread does: on a condition, never for a time. The limits are for slow, busy machines."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

_POLL_SECONDS = 0.005


def wait_until(condition: Callable[[], object], seconds: float = 60.0, what: str = "") -> None:
    """Return as soon as `condition()` is true.

    Raises:
        AssertionError: It was not within `seconds`; `what` says of what.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what or condition}"
        time.sleep(_POLL_SECONDS)


async def wait_until_async(condition: Callable[[], object], seconds: float = 60.0, what: str = "") -> None:
    """`wait_until` in an event loop, which goes on meanwhile."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what or condition}"
        await asyncio.sleep(_POLL_SECONDS)
