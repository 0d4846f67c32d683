"""Groups of labels and values below each other. What is too long is wrapped in its own column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import ClassVar

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tui.widgets.visible import one_line

_GAP = 2


class FactList(Widget):
    """All of them, as high as they are.

    Args:
        groups: (label, value) by the heading of the group; "" for none.
        column: How wide the labels are, in cells.
        labels: Their style.
    """

    DEFAULT_CSS: ClassVar[str] = "FactList { height: auto; text-wrap: nowrap; }"  # the lines are wrapped here

    def __init__(self, groups: Mapping[str, Sequence[tuple[str, str]]], column: int, labels: str = "dim") -> None:
        super().__init__()
        self._groups = groups
        self._column = column
        self._labels = labels
        self._drawn: dict[int, Content] = {}  # by width: it is asked for several times as it is laid out

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self._text(width).plain.count("\n") + 1

    def render(self) -> Content:
        return self._text(self.size.width)

    def _text(self, width: int) -> Content:
        if width not in self._drawn:
            self._drawn = {width: Content("\n").join(self._lines(width))}
        return self._drawn[width]

    def _lines(self, width: int) -> list[Content]:
        room = max(1, width - self._column - _GAP)
        lines: list[Content] = []
        for heading, facts in self._groups.items():
            lines += [Content()] * bool(lines) + [Content.styled(heading, "$text-primary")] * bool(heading)
            for label, value in facts:
                labels = _wrapped(Content.styled(label, self._labels), self._column)
                for left, right in zip_longest(labels, _wrapped(Content(one_line(value)), room), fillvalue=Content()):
                    lines.append(left.extend_right(self._column + _GAP - left.cell_length) + right)
        return lines


def _wrapped(text: Content, width: int) -> list[Content]:
    return [text] if text.cell_length <= width else text.wrap(width)  # looking for words takes longer than drawing
