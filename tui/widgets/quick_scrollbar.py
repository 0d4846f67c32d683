"""A vertical scrollbar that costs what changes in it.

While an answer streams, its scrollbar is drawn anew with every row; Textual lays it out as a Rich renderable, styles it
row by row and takes more time for that than all the text of the answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip


class QuickScrollBar(ScrollBar):
    """One column; it looks and is grabbed like Textual's."""

    def __init__(self) -> None:
        super().__init__(vertical=True, name="vertical", thickness=1)
        self._is_quiet = False
        self._drawn: tuple[object, list[Strip]] = (None, [])  # all rows, and what they show

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Inside it, nothing that changes asks for a frame: there is one under way."""
        self._is_quiet = True
        try:
            yield
        finally:
            self._is_quiet = False

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> QuickScrollBar:
        """Ask for a frame."""
        return (
            self if self._is_quiet else super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        )

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows in `crop`: a handful of different ones."""
        bar, size = self.render(), self.size.height
        if crop.column_span != (0, 1) or not isinstance(bar, ScrollBarRender) or not isinstance(bar.style, Style):
            return super().render_lines(crop)
        shown = (size, bar.virtual_size, bar.window_size, bar.position, bar.style)
        if shown != self._drawn[0]:
            segments = bar.render_bar(
                size=size,
                virtual_size=bar.virtual_size,
                window_size=bar.window_size,
                position=bar.position,
                thickness=1,
                back_color=bar.style.bgcolor or Color.default(),
                bar_color=bar.style.color or Color.default(),
            ).segments
            strips = {id(segment): self._strip(segment) for segment in {id(each): each for each in segments}.values()}
            self._drawn = shown, [strips[id(segment)] for segment in segments]
        return self._drawn[1][crop.y : crop.bottom]

    def _strip(self, segment: Segment) -> Strip:
        base, background = self.visual_style.rich_style, self.background_colors[1]
        strip = Strip([Segment(segment.text, base + segment.style)], 1)
        for line_filter in self.get_line_filters():
            strip = strip.apply_filter(line_filter, background)
        return strip

    def notify_style_update(self) -> None:
        """Another theme."""
        super().notify_style_update()
        self._drawn = (None, [])
