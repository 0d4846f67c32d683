"""A line to a terminal that a test holds: an `Output` on one end of a pipe, what it wrote on the other."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich.color import ColorSystem
from rich.segment import Segment
from textual._compositor import LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tests.terminal.emulator import Emulator
from tui.terminal.frame import Frame
from tui.terminal.link import Link
from tui.terminal.output import Output

WIDTH, HEIGHT = 40, 6
QUESTION = b"\x1b[5n"
FAR = Link(remote=True, erases_with_colour=True)


def frame(*texts: str) -> Frame:
    """A frame with these rows."""
    made = Frame(WIDTH, HEIGHT)
    rows = [*texts, *[""] * (HEIGHT - len(texts))]
    strips = [(Strip([Segment(text.ljust(WIDTH))], WIDTH),) for text in rows]
    made.take(LayoutUpdate(strips, Region(0, 0, WIDTH, HEIGHT)), ColorSystem.TRUECOLOR)
    return made


class Line:
    """The terminal's end.

    Attributes:
        output: Ours.
        emulator: What the terminal shows of what was read.
        now: The time, in seconds.
    """

    def __init__(self, link: Link = FAR, width: int = WIDTH, height: int = HEIGHT) -> None:
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        os.set_blocking(self._write_end, False)
        self.now = 100.0
        self.emulator = Emulator(width, height)
        self.output = Output(self._write_end, link, clock=lambda: self.now)

    def read(self, size: int = 1 << 20) -> bytes:
        """What has come, up to so many bytes."""
        try:
            data = os.read(self._read_end, size)
        except BlockingIOError:
            return b""
        self.emulator.feed(data.decode(errors="replace"))
        return data

    def answer(self) -> bytes:
        """What has come, its questions answered."""
        data = self.read()
        for _ in range(data.count(QUESTION)):
            self.output.answered()
        return data

    def text(self) -> list[str]:
        """The rows that the terminal shows."""
        return ["".join(char.data for char in row).rstrip() for row in self.emulator.picture()]

    def stall(self) -> None:
        """From now on the line takes nothing, until it is read."""
        filler = b"\x00" * 4096
        while True:
            try:
                os.write(self._write_end, filler)
            except BlockingIOError:
                if len(filler) == 1:
                    return
                filler = filler[: len(filler) // 2]

    def hang_up(self) -> None:
        """The terminal goes away."""
        os.close(self._read_end)
        self._read_end = -1

    def close(self) -> None:
        self.output.close(0)
        if self._read_end >= 0:
            os.close(self._read_end)


@asynccontextmanager
async def line(link: Link = FAR, there_and_back: float = 0.0) -> AsyncIterator[Line]:
    """A line on which the terminal has answered once, after so many seconds."""
    made = Line(link)
    try:
        made.output.begin()
        made.now += there_and_back
        made.answer()
        yield made
    finally:
        made.close()
