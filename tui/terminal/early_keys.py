"""Keys that are pressed while the app is still being imported, which takes most of a second.

Until an app takes the terminal, that has a line editor of its own: it echoes what is typed, and makes a line end of
Enter, which is Ctrl+J's byte. Nothing is imported here that takes time.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn

if sys.platform != "win32":
    import termios

_before: list[list[Any]] = []  # at most one


@contextmanager
def kept() -> Iterator[None]:
    """Keys stay as they are pressed, for whoever takes the terminal; if nobody does, it is left as it was."""
    if sys.platform == "win32" or not all(stream and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        yield
        return
    # A signal's own way to end the process would leave it so.
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, _end)
    descriptor = sys.stdin.fileno()
    with suppress(termios.error):
        attributes = termios.tcgetattr(descriptor)
        _before.append([*attributes])
        attributes[0] &= ~termios.ICRNL
        attributes[3] &= ~(termios.ECHO | termios.ICANON)  # Ctrl+C still interrupts
        termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
    try:
        yield
    finally:
        if (before := taken()) is not None:
            with suppress(termios.error):
                termios.tcsetattr(descriptor, termios.TCSANOW, before)


def _end(number: int, _: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def taken() -> list[Any] | None:
    """How the terminal was set before (termios attributes); None where that is known to somebody already."""
    return _before.pop() if _before else None
