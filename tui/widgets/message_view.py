"""What the transcript shows of a message, in words: the lines around its text. No widget."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content

from tui.store.records import Ended, Message
from tui.widgets.visible import visible

# As much of one message as a terminal can lay out without a noticeable stop: characters (more than 10,000 tokens) and
# lines (fifty screens).
SOFT_CAP = 40_000
MOST_LINES = 2_000
_CUT_OFF = {
    Ended.CANCELLED: "stopped, Alt+G continues",
    Ended.LENGTH: "cut off at the token limit, Alt+G continues",
    Ended.INTERRUPTED: "interrupted, Alt+G continues",
}


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message and where it stands.

    Attributes:
        message: What was said.
        place: Its place among its siblings, counted from 1, and how many they are.
        in_context: The model is still given it.
    """

    message: Message
    place: tuple[int, int] = (1, 1)
    in_context: bool = True


def capped(text: str) -> tuple[str, int]:
    """The beginning of `text` that is shown, and the number of characters after it."""
    shown = text[:SOFT_CAP]
    if shown.count("\n") >= MOST_LINES:
        shown = "\n".join(shown.split("\n", MOST_LINES)[:MOST_LINES])
    return shown, len(text) - len(shown)


def more_line(characters: int) -> str:
    """What stands in place of the rest of a message; "" where there is none."""
    return f"… {characters:,} more characters: Alt+S saves all" if characters else ""


def end_line(view: MessageView) -> Content:
    """The dim line under a message: how it ended where that says something, its place, what a replay found."""
    message = view.message
    parts = [_CUT_OFF.get(message.ended, ""), _replay(message), place_line(view)]
    line = Content(" · ".join(part for part in parts if part))
    if message.ended is not Ended.ERROR:
        return line
    error = message.facts.error or "The answer ended with an error."
    said = Content(visible(f"! {error} {message.facts.next_step}".rstrip()))
    return Content("\n").join([said, line]) if line else said


def place_line(view: MessageView) -> str:
    """The place among the siblings as `‹2/3›`; "" for an only child."""
    place, count = view.place
    return f"‹{place}/{count}›" if count > 1 else ""


def _replay(message: Message) -> str:
    if message.facts.replay_of is None or message.ended is Ended.WRITING:
        return ""
    differs_at = message.facts.differs_at
    return "replay: the same tokens" if differs_at is None else f"replay: differs from token {differs_at + 1:,} on"


def thought_line(seconds: float, tokens: int) -> str:
    """What the thinking took, for the line that stands in its place while it is folded; 0 is not known."""
    took = f" for {duration(seconds)}" if seconds else ""
    return f"Thought{took}, {tokens:,} tokens" if tokens else f"Thought{took}"


def duration(seconds: float) -> str:
    """`seconds` for reading: `3.2 s`, `48 s`, `2 min 5 s`."""
    if seconds < 9.95 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
