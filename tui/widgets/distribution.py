"""What each filter of the sampler leaves of one step: the likeliest tokens, with bars."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, ClassVar

from textual.content import Content
from textual.geometry import Size
from textual.style import Style
from textual.widget import Widget

from tui.widgets.share_row import share_row

if TYPE_CHECKING:
    from tui.engine.candidates import Stage

_NAMES = {
    "penalties": "penalties",
    "greedy": "greedy",
    "top_k": "top-k",
    "temperature": "temperature",
    "min_p": "min-p",
    "top_p": "top-p",
}
_NOTHING = "What the values do is shown here after the first answer."


class Distribution(Widget):
    """The stages, one below the other; of a filter that is off, only that it is. It reads without colours, too."""

    DEFAULT_CSS: ClassVar[str] = """
    Distribution {
        height: auto;
        & > .distribution--bar { color: $accent; }
        & > .distribution--muted { color: $text-muted; }
        &:ansi > .distribution--muted { text-style: dim; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"distribution--bar", "distribution--muted"}

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._stages: Sequence[Stage] = ()

    def show(self, stages: Sequence[Stage]) -> None:
        """Show the stages of a step, as `filter_stages` has them; none: there was no step yet."""
        self._stages = stages
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A row for each stage and each token of it."""
        return len(self._lines(width))

    def render(self) -> Content:
        return Content("\n").join(self._lines(self.size.width))

    def _lines(self, width: int) -> list[Content]:
        if not self._stages:
            return Content(_NOTHING).wrap(max(1, width))
        return list(chain.from_iterable(self._stage(stage, width, first=not n) for n, stage in enumerate(self._stages)))

    def _stage(self, stage: Stage, width: int, *, first: bool) -> list[Content]:
        name = _NAMES.get(stage.name, stage.name)
        if not stage.value and not first:
            return [Content.styled(_ends(name, "off", width), self._muted)]
        # Without penalties, the first stage is what the model itself says.
        title = f"{name} {stage.value}" if stage.value else "the model"
        heading = Content(_ends(title, f"{stage.left:,} left", width)).stylize("bold", 0, len(title))
        return [heading, *(share_row(each, width, self._bar) for each in stage.top)]

    @property
    def _bar(self) -> Style:
        return self.get_visual_style("distribution--bar", partial=True)

    @property
    def _muted(self) -> str:
        return str(self.get_visual_style("distribution--muted", partial=True))


def _ends(left: str, right: str, width: int) -> str:
    """One text at each end of a row."""
    return left + right.rjust(max(1, width - len(left)))
