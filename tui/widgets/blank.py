"""Rows of a widget that has nothing of its own to draw.

Textual draws a container's rows one by one, and again after every change of its size or scroll position: while an
answer streams, that was a quarter of all the time spent on drawing.
"""

from __future__ import annotations

import functools

from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


def blank_rows(widget: Widget, crop: Region) -> list[Strip]:
    """The rows of `widget` in `crop`: its background."""
    strip = _blank(crop.width, widget.visual_style.rich_style)
    for line_filter in widget.get_line_filters():
        strip = strip.apply_filter(line_filter, widget.background_colors[1])
    return [strip] * crop.height


# The same object each time: a strip remembers how it was divided and filtered.
@functools.lru_cache(maxsize=64)
def _blank(width: int, style: Style) -> Strip:
    return Strip.blank(width, style)
