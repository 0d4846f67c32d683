"""Ctrl+C during long work: it ends the work, not the program; a second one ends that, too."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupting(stop: Callable[[], None]) -> Iterator[threading.Event]:
    """In the block, the first Ctrl+C calls `stop` and sets the event that is given."""
    interrupted = threading.Event()
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:  # a background job of a shell script: Ctrl+C is not for it
        yield interrupted
        return

    def first(_: int, __: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        interrupted.set()
        stop()

    signal.signal(signal.SIGINT, first)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)
