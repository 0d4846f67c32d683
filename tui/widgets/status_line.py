"""The status line: model, device, what is going on, context, sampling. One row; the least important leaves first."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Size
from textual.timer import Timer
from textual.widget import Widget

from tui.terminal.display import frame_interval, with_present_keys
from tui.widgets.visible import visible

if TYPE_CHECKING:
    from tui.engine.sampling_params import SamplingParams

SHORTEST_INTERVAL = 0.25
"""Seconds between two repaints at least."""
_FRAMES, _LONGEST_INTERVAL = 4, 1.0  # as long as so many frames may take, but in seconds no longer
_WARN_AT, _ALARM_AT = 0.80, 0.95  # shares of the context in use
_GAP = "  "
_MUTED = "$foreground-muted"
_URGENT, _NEEDED = 2, 4  # by how long parts stay: up to what goes on, up to model and context
_SHORT_NAMES = (24, 16)  # characters


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """What the status line tells.

    Attributes:
        model: The model's name.
        device: Where it runs.
        precision: The type it computes in.
        state: What goes on, in words; "" for nothing.
        used: Tokens of the context in use.
        limit: Tokens that the context has.
        sampling: The values in effect for the next turn.
        preset: What they are called.
        ttft_s: Seconds to the first token, of the latest turn.
        tokens_per_s: Tokens per second, of the latest turn.
        reused: Prompt tokens of it that were in the cache.
        prefill: Prompt tokens read and to read, while they are being read.
        saved_trouble: Why conversations cannot be saved.
    """

    model: str = ""
    device: str = ""
    precision: str = ""
    state: str = ""
    used: int | None = None
    limit: int | None = None
    sampling: SamplingParams | None = None
    preset: str = ""
    ttft_s: float | None = None
    tokens_per_s: float | None = None
    reused: int = 0
    prefill: tuple[int, int] | None = None
    saved_trouble: str = ""


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the line: its wordings, longest first, and how long it stays (0 leaves last)."""

    wordings: Sequence[str]
    leaves: int
    style: str = ""


def status_content(facts: StatusFacts, width: int) -> Content:
    """The line for a row of `width` cells."""
    parts = _fitted(_parts(facts), width)
    line = Content(_GAP).join([Content.styled(part.wordings[0], part.style) for part in parts])
    return line.truncate(width, ellipsis=True)


def _parts(facts: StatusFacts) -> list[_Part]:
    model = facts.model or "no model"
    short = [_shortened(model, length) for length in _SHORT_NAMES if length < len(model)]
    where = " ".join(each for each in (facts.device, facts.precision) if each)
    unsaved = [f"! not saved: {facts.saved_trouble}", "! not saved"] if facts.saved_trouble else [""]
    parts = [
        _Part(unsaved, 1, "bold $text-error"),
        _Part([model, *short], 3, "bold"),
        _Part([where, facts.device], 6, _MUTED),
        _state_part(facts),
        _context_part(facts),
        _Part(_speed(facts), 5),
        _Part(_sampling(facts), 7, _MUTED),
        _Part([f"{facts.reused:,} reused" if facts.reused else ""], 8, _MUTED),
    ]
    said = ((part, [visible(each) for each in part.wordings if each]) for part in parts)
    return [replace(part, wordings=wordings) for part, wordings in said if wordings]


def _state_part(facts: StatusFacts) -> _Part:
    if facts.prefill is not None and facts.prefill[1]:
        done, total = facts.prefill
        percent = f"{done / total:.0%}"
        return _Part([f"reading {done:,} of {total:,} ({percent})", f"reading {percent}"], 2, "$text-accent")
    return _Part([facts.state, facts.state.partition(":")[0]], 2, "$text-accent")


def _context_part(facts: StatusFacts) -> _Part:
    if facts.used is None or not facts.limit:
        return _Part([""], 4)
    if (over := facts.used - facts.limit) > 0:
        full = f"{over:,} over {facts.limit:,}"
        return _Part([f"context full: {full}", f"full: {full}", "full!"], 4, "bold $text-error")
    share = facts.used / facts.limit
    percent = f"{share:.0%}"
    style = ""
    if share >= _WARN_AT:
        # Also told without colour.
        percent = f"{percent}!"
        style = "bold $text-error" if share >= _ALARM_AT else "$text-warning"
    numbers = f"{facts.used:,}/{facts.limit:,}"
    return _Part([f"context {numbers} ({percent})", f"{numbers} {percent}", percent], 4, style)


def _speed(facts: StatusFacts) -> list[str]:
    if facts.tokens_per_s is None:
        return [""]
    speed = f"{facts.tokens_per_s:.1f} tok/s"
    first = "" if facts.ttft_s is None else f", first {facts.ttft_s:.2f} s"
    return [speed + first, speed, f"{facts.tokens_per_s:.0f} tok/s"]


def _sampling(facts: StatusFacts) -> list[str]:
    """What is active, and only that: a value that is off, or that greedy choice ignores, is not there."""
    values = facts.sampling
    if values is None:
        return [facts.preset]
    greedy = values.temperature == 0
    texts = [
        "greedy" if greedy else f"T {values.temperature:.4g}",
        "" if greedy or values.top_p >= 1 else f"p {values.top_p:.4g}",
        "" if greedy or not values.top_k else f"k {values.top_k}",
        "" if greedy or not values.min_p else f"min-p {values.min_p:.4g}",
        "" if values.repetition_penalty == 1 else f"rep {values.repetition_penalty:.4g}",
        "" if not values.presence_penalty else f"pres {values.presence_penalty:.4g}",
        "" if not values.frequency_penalty else f"freq {values.frequency_penalty:.4g}",
        "" if values.max_tokens is None else f"max {values.max_tokens:,}",
        "" if values.seed is None else f"seed {values.seed}",
    ]
    active = _GAP.join(each for each in texts if each)
    return [f"{facts.preset}{_GAP}{active}" if facts.preset else "", active, texts[0]]


def _shortened(name: str, length: int) -> str:
    """The name with its middle left out: beginnings and ends are what tells models apart."""
    head = (length - 1) * 2 // 3
    return f"{name[:head]}…{name[len(name) - (length - 1 - head) :]}"


def _fitted(parts: list[_Part], width: int) -> list[_Part]:
    """As many parts as fit in their shortest wordings, then longer ones in turn while there is room.

    What goes on is told in full if that costs nothing but dispensable parts.
    """
    shown: dict[int, _Part] = {}
    for in_full, kept in ((_URGENT, _NEEDED), (-1, -1)):
        shown = {
            part.leaves: replace(part, wordings=part.wordings[:1] if part.leaves <= in_full else part.wordings[-1:])
            for part in parts
        }
        while len(shown) > 1 and max(shown) > kept and _width(shown.values()) > width:
            del shown[max(shown)]
        if _width(shown.values()) <= width:
            break
    longer = {
        part.leaves: list(part.wordings[: part.wordings.index(shown[part.leaves].wordings[0])])
        for part in parts
        if part.leaves in shown
    }
    while any(longer.values()):
        for leaves in sorted(longer):
            wording = longer[leaves].pop() if longer[leaves] else None
            wider = shown | ({leaves: replace(shown[leaves], wordings=[wording])} if wording else {})
            if _width(wider.values()) <= width:
                shown = wider
    return list(shown.values())


def _width(parts: Collection[_Part]) -> int:
    return sum(cell_len(part.wordings[0]) for part in parts) + len(_GAP) * (len(parts) - 1)


class StatusLine(Widget):
    """One row, repainted at most four times a second, less often on slow lines, and only if it changed."""

    DEFAULT_CSS: ClassVar[str] = """
    StatusLine {
        height: 1;
        padding: 0 1;
        background: $panel;
        color: $foreground;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._facts = StatusFacts()
        self._painted = Content()
        self._painted_at = -math.inf  # seconds
        self._made: tuple[StatusFacts, int, Content] | None = None
        self._timer: Timer | None = None

    def show(self, facts: StatusFacts) -> None:
        """Show `facts`: at once, or when the time since the last repaint has passed; then the latest ones."""
        self._facts = replace(facts, state=with_present_keys(self.app, facts.state))
        if (wait := self._wait_s) <= 0:
            self._paint()
        elif self._timer is None:
            self._timer = self.set_timer(wait, self._paint)

    @property
    def has_to_wait(self) -> bool:
        """It is too early for another repaint."""
        return self._wait_s > 0

    @property
    def _wait_s(self) -> float:
        interval = min(max(SHORTEST_INTERVAL, _FRAMES * frame_interval(self.app)), _LONGEST_INTERVAL)
        return self._painted_at + interval - time.monotonic()

    def _paint(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if not self._content().is_same(self._painted):
            self._painted_at = time.monotonic()
            self.refresh()

    def render(self) -> Content:
        """The row."""
        self._painted = self._content()
        return self._painted

    def _content(self) -> Content:
        width = self.content_size.width
        if self._made is None or self._made[:2] != (self._facts, width):
            self._made = self._facts, width, status_content(self._facts, width)
        return self._made[2]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Always one row."""
        return 1
