"""The status line: model, device, what is going on, context, sampling. One row; the least important leaves first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Size
from textual.timer import Timer
from textual.widget import Widget

if TYPE_CHECKING:
    from tui.engine.sampling_params import SamplingParams

SHORTEST_INTERVAL = 0.25
"""Seconds between two repaints."""
WARN_AT, ALARM_AT = 0.80, 0.95
"""Shares of the context in use."""
_GAP = "  "
_SHORTEST_NAME = 8


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
        preset: The name of the preset that they are.
        ttft_s: Seconds to the first token, of the latest turn.
        tokens_per_s: Tokens per second, of the latest turn.
        reused: Prompt tokens of it that were in the cache.
        prefill: Prompt tokens read and to read, while they are being read.
        saved_trouble: Why conversations cannot be saved.
        notice: Something to say for a moment.
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
    notice: str = ""


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
    short = [_shortened(model, length) for length in (24, 16, _SHORTEST_NAME) if length < cell_len(model)]
    where = " ".join(each for each in (facts.device, facts.precision) if each)
    unsaved = [f"! not saved: {facts.saved_trouble}", "! not saved"] if facts.saved_trouble else [""]
    parts = [
        _Part([facts.notice], 0, "bold $text-warning"),
        _Part(unsaved, 1, "bold $text-error"),
        _Part([model, *short], 3, "bold"),
        _Part([where, facts.device], 7, "$text-muted"),
        _state_part(facts),
        _context_part(facts),
        _Part(_speed(facts), 5),
        _Part([_sampling_text(facts), facts.preset], 8, "$text-muted"),
        _Part([f"{facts.reused:,} reused" if facts.reused else ""], 9, "$text-muted"),
    ]
    return [replace(part, wordings=kept) for part in parts if (kept := [each for each in part.wordings if each])]


def _state_part(facts: StatusFacts) -> _Part:
    if facts.prefill is not None and facts.prefill[1]:
        done, total = facts.prefill
        percent = f"{done / total:.0%}"
        return _Part([f"reading {done:,} of {total:,} ({percent})", f"reading {percent}"], 2, "$text-accent")
    return _Part([facts.state, facts.state.partition(":")[0]], 2, "$text-accent")


def _context_part(facts: StatusFacts) -> _Part:
    if facts.used is None or not facts.limit:
        return _Part([""], 4)
    share = facts.used / facts.limit
    percent = f"{share:.0%}"
    style = ""
    if share >= WARN_AT:
        # Also told without colour.
        percent = f"{percent}!"
        style = "bold $text-error" if share >= ALARM_AT else "$text-warning"
    return _Part(
        [
            f"context {facts.used:,} of {facts.limit:,} ({percent})",
            f"{facts.used:,}/{facts.limit:,} {percent}",
            percent,
        ],
        4,
        style,
    )


def _speed(facts: StatusFacts) -> list[str]:
    if facts.tokens_per_s is None:
        return [""]
    speed = f"{facts.tokens_per_s:.1f} tokens/s"
    first = "" if facts.ttft_s is None else f", first after {facts.ttft_s:.2f} s"
    return [speed + first, speed, f"{facts.tokens_per_s:.0f} t/s"]


def _sampling_text(facts: StatusFacts) -> str:
    values = facts.sampling
    if values is None:
        return facts.preset
    texts = [facts.preset]
    if values.temperature == 0:
        texts.append("greedy")
    else:
        texts.append(f"T {values.temperature:.4g}")
        texts += [f"k {values.top_k}"] if values.top_k else []
        texts += [f"p {values.top_p:.4g}"] if values.top_p < 1 else []
        texts += [f"min-p {values.min_p:.4g}"] if values.min_p else []
    texts += [f"rep {values.repetition_penalty:.4g}"] if values.repetition_penalty != 1 else []
    texts += [f"pres {values.presence_penalty:.4g}"] if values.presence_penalty else []
    texts += [f"freq {values.frequency_penalty:.4g}"] if values.frequency_penalty else []
    texts += [f"max {values.max_tokens:,}"] if values.max_tokens is not None else []
    texts += [f"seed {values.seed}"] if values.seed is not None else []
    return _GAP.join(each for each in texts if each)


def _shortened(name: str, length: int) -> str:
    """The name with its middle left out: beginnings and ends are what tells models apart."""
    head = (length - 1) * 2 // 3
    return f"{name[:head]}…{name[len(name) - (length - 1 - head) :]}"


def _fitted(parts: list[_Part], width: int) -> list[_Part]:
    """The parts in shorter wordings, and the most dispensable ones gone, until they fit."""
    while len(parts) > 1 and _width(parts) > width:
        longer = [part for part in parts if len(part.wordings) > 1]
        last = max(parts, key=lambda part: part.leaves)
        # What leaves first is shortened first; a part with one wording left goes only when no later one can be shorter.
        shortest = max(longer, key=lambda part: part.leaves, default=None)
        if shortest is not None and shortest.leaves >= last.leaves:
            parts = [replace(each, wordings=each.wordings[1:]) if each is shortest else each for each in parts]
        else:
            parts = [each for each in parts if each is not last]
    return parts


def _width(parts: Sequence[_Part]) -> int:
    return sum(cell_len(part.wordings[0]) for part in parts) + len(_GAP) * (len(parts) - 1)


class StatusLine(Widget):
    """One row, repainted at most four times a second and only if it changed."""

    DEFAULT_CSS: ClassVar[str] = """
    StatusLine {
        height: 1;
        padding: 0 1;
        background: $panel;
        color: $foreground;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._facts = StatusFacts()
        self._painted_at = -SHORTEST_INTERVAL
        self._timer: Timer | None = None

    def show(self, facts: StatusFacts) -> None:
        """Show `facts`: at once, or when the time since the last repaint has passed; then the latest ones."""
        if facts == self._facts:
            return
        self._facts = facts
        if self._timer is not None:
            return
        wait = self._painted_at + SHORTEST_INTERVAL - time.monotonic()
        if wait > 0:
            self._timer = self.set_timer(wait, self._paint)
        else:
            self._paint()

    def _paint(self) -> None:
        self._timer = None
        self._painted_at = time.monotonic()
        self.refresh()

    def render(self) -> Content:
        """The row."""
        return status_content(self._facts, self.content_size.width)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Always one row."""
        return 1
