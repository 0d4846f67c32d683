"""A log that does not grow without bound: its beginning and its end are kept."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TextIO

BEGINNING = END = 1_000_000
"""Characters of each that are kept, at least."""


class Kept:
    """Lines that are written to a file, after what is in it. What cannot be written is left out.

    Args:
        file: Gets them; it must be one that can be cut off.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._size = 0  # characters after the place below, or of the beginning
        self._place: int | None = None  # where the beginning ends; None while it grows
        self._last: deque[str] = deque()  # what comes after it
        self._left_out = 0  # lines between

    def line(self, text: str) -> None:
        """Write one."""
        with suppress(OSError, ValueError):  # a full disk; a log that was closed on leaving
            self._file.write(text + "\n")
            self._size += len(text) + 1
            if self._place is None:
                if self._size >= BEGINNING:
                    self._file.flush()
                    self._place, self._size = self._file.tell(), 0
                return
            self._last.append(text)
            if self._size >= 2 * END:
                self._leave_out()

    def flush(self) -> None:
        """Let others see what was written."""
        with suppress(OSError, ValueError):
            self._file.flush()

    def _leave_out(self) -> None:
        """Write the end anew, without what is far from it."""
        assert self._place is not None
        while self._size >= END:
            self._size -= len(self._last.popleft()) + 1
            self._left_out += 1
        self._file.flush()
        self._file.seek(self._place)
        self._file.truncate()
        self._file.write(f"[{self._left_out:,} lines are left out here]\n")
        self._file.writelines(f"{each}\n" for each in self._last)
