"""How far a long command is: one line of a terminal, written over; in a file or a pipe a few lines."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType

from rich.cells import set_cell_size

from tui.cli import console
from tui.library.amounts import duration_text, size_text
from tui.library.progress import Progress
from tui.terminal.term import draws
from tui.terminal.visible import visible

_SECONDS_BETWEEN_LINES = 15.0
_CLEAR_LINE = "\r\x1b[K"


class ProgressLine:
    """Shows what is reported, on standard error; the line is gone at the end of the block."""

    def __init__(self) -> None:
        self._rewrites = console.is_terminal(sys.stderr) and draws(os.environ)
        self._said, self._doing = -_SECONDS_BETWEEN_LINES, ""

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._rewrites:
            self._write(_CLEAR_LINE)

    def report(self, progress: Progress) -> None:
        """Show it: a `tui.library.progress.Report`."""
        text = progress_text(progress)
        if self._rewrites:
            # One column is left free: writing into the last one may begin a new line.
            width = console.width(sys.stderr) - 1
            text = visible(text).replace("\n", " ")
            self._write(_CLEAR_LINE + set_cell_size(text, width).rstrip())
        elif progress.doing != self._doing or time.monotonic() - self._said >= _SECONDS_BETWEEN_LINES:
            self._said, self._doing = time.monotonic(), progress.doing
            console.aside(text)

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:
            self._rewrites = False


def progress_text(progress: Progress) -> str:
    """All that is known of it, in one line: `downloading 24%  1.2 GB of 4.9 GB  11 MB/s  5 min left  model.bin`."""
    words = [progress.doing]
    if progress.total:
        words[0] += f" {100 * progress.done // progress.total}%"
    if progress.in_bytes:
        words.append(size_text(progress.done) + (f" of {size_text(progress.total)}" if progress.total else ""))
    elif progress.total:
        words.append(f"{progress.done} of {progress.total}")
    if progress.per_s is not None and progress.in_bytes:
        words.append(f"{size_text(progress.per_s)}/s")
    if progress.left_s is not None:
        words.append(f"{duration_text(progress.left_s)} left")
    if progress.detail:
        words.append(progress.detail)
    return "  ".join(words)
