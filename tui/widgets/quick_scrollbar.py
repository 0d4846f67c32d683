"""A vertical scrollbar that costs what changes in it.

While an answer streams, its scrollbar is drawn anew with every row; Textual lays it out as a Rich renderable, styles it
row by row and takes more time for that than all the text of the answer.
"""

from __future__ import annotations

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
        self._strips: dict[tuple[str, Style], Strip] = {}

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows in `crop`: of a handful of different ones."""
        bar = self.render()
        if crop.column_span != (0, 1) or not isinstance(bar, ScrollBarRender) or not isinstance(bar.style, Style):
            return super().render_lines(crop)
        segments = bar.render_bar(
            size=self.size.height,
            virtual_size=bar.virtual_size,
            window_size=bar.window_size,
            position=bar.position,
            thickness=1,
            back_color=bar.style.bgcolor or Color.default(),
            bar_color=bar.style.color or Color.default(),
        ).segments
        base = self.visual_style.rich_style
        strips = [self._strip(text, base + style) for text, style, _ in segments[crop.y : crop.bottom]]
        if filters := self.get_line_filters():
            background = self.background_colors[1]
            for line_filter in filters:
                strips = [strip.apply_filter(line_filter, background) for strip in strips]
        return strips

    def _strip(self, text: str, style: Style) -> Strip:
        # The same object each time: a strip remembers how it was divided, filtered and written.
        if (text, style) not in self._strips:
            self._strips[text, style] = Strip([Segment(text, style)], 1)
        return self._strips[text, style]
