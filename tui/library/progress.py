"""How far a long work is, as it reports it to whoever shows it.

Every long work of the library is one function: it takes a `Report` and a `threading.Event`, reports from its own thread
at most some ten times a second, and raises `tui.engine.errors.Cancelled` within half a second after the event is set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a long work.

    Attributes:
        doing: What it does, for people: `downloading`, `verifying`, ...
        done: Bytes or steps of `total`.
        total: How many there are; None where nobody knows.
        in_bytes: They are bytes.
        detail: The file under way or the last line of a tool: text of others' making.
        per_s: How many per second, of late; None where that cannot be said yet.
        left_s: Seconds that are left at that rate; None where that cannot be said.
    """

    doing: str
    done: int = 0
    total: int | None = None
    in_bytes: bool = False
    detail: str = ""
    per_s: float | None = None
    left_s: float | None = None


Report = Callable[[Progress], None]
