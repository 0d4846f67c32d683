"""What a model takes of the memory there is, as a bar of characters: it reads without colours and in ASCII, too."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tui.library.amounts import size_text

if TYPE_CHECKING:
    from tui.engine.memory_need import MemoryNeed

# Three that a terminal without Unicode shows as three others, too.
_WEIGHTS, _KV, _LEFT = "█", "▒", "·"
_EDGE = "│"  # where the memory ends
_STYLES = {_WEIGHTS: "$text-primary", _KV: "$text-accent", _LEFT: "$text-muted", _EDGE: "$text-error"}
_WIDEST = 72


def memory_bar(need: MemoryNeed, width: int) -> Content:
    """Weights, KV cache and what is left of the memory; where it does not suffice, a mark at its end."""
    fits = need.total <= need.free
    whole = max(need.free, need.total, 1)
    width = max(3, width) - (not fits)
    weights = max(1, round(width * need.weights / whole))
    kv = min(max(1, round(width * need.kv_cache / whole)) if need.kv_cache else 0, width - weights)
    cells = _WEIGHTS * weights + _KV * kv + _LEFT * (width - weights - kv)
    if not fits:
        edge = round(width * need.free / whole)
        cells = cells[:edge] + _EDGE + cells[edge:]
    return Content.assemble(*(("".join(run), _STYLES[each]) for each, run in groupby(cells)))


def memory_row(need: MemoryNeed, width: int) -> Content:
    """The bar, and the same in numbers, in one row of about that many columns."""
    bar = memory_bar(need, min(30, max(10, width // 5)))
    return bar + Content(f"  weights {size_text(need.weights)}, KV cache {size_text(need.kv_cache)}, {_left(need)}")


class MemoryPicture(Widget):
    """The bar with the numbers below it."""

    DEFAULT_CSS: ClassVar[str] = "MemoryPicture { height: auto; margin: 1 0; }"

    def __init__(self, need: MemoryNeed) -> None:
        super().__init__()
        self._need = need

    def show(self, need: MemoryNeed) -> None:
        """Show what it takes otherwise."""
        self._need = need
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A row for the bar, and what the numbers take."""
        return 1 + len(self._numbers.wrap(max(1, width)))

    @property
    def _numbers(self) -> Content:
        need = self._need
        end, said = (
            (_LEFT, _left(need)) if need.total <= need.free else (_EDGE, f"{size_text(need.free)} free: {_left(need)}")
        )
        return Content.assemble(
            (_WEIGHTS, _STYLES[_WEIGHTS]), f" weights {size_text(need.weights)}  ",
            (_KV, _STYLES[_KV]), f" KV cache at {need.context:,} tokens {size_text(need.kv_cache)}  ",
            (end, _STYLES[end]), f" {said}",
        )  # fmt: skip

    def render(self) -> Content:
        return Content("\n").join([memory_bar(self._need, min(_WIDEST, self.size.width)), self._numbers])


def _left(need: MemoryNeed) -> str:
    left = need.free - need.total
    return f"{size_text(left)} left" if left >= 0 else f"{size_text(-left)} too much"
