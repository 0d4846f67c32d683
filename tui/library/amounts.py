"""Bytes, numbers of weights and tokens, times, and many names, as people read them."""

from __future__ import annotations

from collections.abc import Sequence

_BYTES = ("B", "kB", "MB", "GB", "TB")
_COUNTS = ("", "K", "M", "B", "T")


def size_text(size: float) -> str:
    """Bytes with their unit, in powers of 1000 as `ls --si` has it: 1.4 GB."""
    return _scaled(size, _BYTES, " ")


def count_text(count: int) -> str:
    """How many, as models are called: 1.1B, 135M."""
    return _scaled(count, _COUNTS, "")


def duration_text(seconds: float) -> str:
    """Roughly how long, as people say it: 45 s, 12 min, 3 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def names_text(names: Sequence[str], most: int = 3) -> str:
    """The first ones, and how many more there are: a, b, c and 2 more."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _scaled(value: float, units: tuple[str, ...], gap: str) -> str:
    for unit in units:
        if value < 999.5 or unit == units[-1]:
            break
        value /= 1000
    return f"{value:.0f}{gap}{unit}" if unit == units[0] or value >= 10 else f"{value:.1f}{gap}{unit}"
