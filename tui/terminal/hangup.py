"""What ends the process from outside: its terminal is gone (SIGHUP), or somebody wants it gone (SIGTERM, SIGINT)."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import IO

HANGUP, TERMINATED = 129, 143
"""Exit codes: what shells make of the signals."""
_ENDING = ("SIGHUP", "SIGINT", "SIGTERM")
_OF_THE_TERMINAL = ("SIGTTOU", "SIGTTIN")


class Ending:
    """Takes the signals, from now on to the end of the process: they come more than once, a shell hands its on.

    Made in the main thread.

    Attributes:
        code: What came, the highest of them; 0 as long as nothing has.
        told: Called when one comes, between any two steps of the main thread.
    """

    def __init__(self) -> None:
        self.code = 0
        self.told: Callable[[], None] | None = None
        # Ctrl+C is a key of ours, but no key where the terminal has its line editor, or somebody else sends it.
        for name in _ENDING:
            if (number := getattr(signal, name, None)) is not None:  # Windows has no SIGHUP
                signal.signal(number, self._take)

    def _take(self, number: int, _: FrameType | None) -> None:
        self.code = max(self.code, 128 + number)
        for name in _OF_THE_TERMINAL:
            if (each := getattr(signal, name, None)) is not None:
                # In the background it would be stopped where it gives the terminal back, and stay for ever.
                signal.signal(each, signal.SIG_IGN)
        if self.told is not None:
            self.told()


def give_back_signals() -> None:
    """Have what ends a process end this one again, at once."""
    for name in _ENDING:
        if (number := getattr(signal, name, None)) is not None:
            signal.signal(number, signal.SIG_DFL)


def is_gone(descriptor: int) -> bool:
    """Whether the terminal of a descriptor is: its window closed, its line cut."""
    return not os.isatty(descriptor)


def let_go() -> None:
    """Have Python's streams end nowhere, so that nothing that is said now fails, and nobody's terminal hears it."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


class LastingFile:
    """A terminal's file that goes on when the terminal is gone.

    Textual's writer thread ends with its first write that fails, and whoever writes after it waits for ever.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> None:
        """Write a text, if there is somebody to read it."""
        with suppress(OSError):
            self._file.write(text)

    def flush(self) -> None:
        """Write what is left, if there is somebody to read it."""
        with suppress(OSError):
            self._file.flush()

    def fileno(self) -> int:
        """The file's descriptor."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Whether it is a terminal still."""
        return self._file.isatty()
