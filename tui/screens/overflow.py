"""Says before sending that the context is too small for a message, with the numbers, and what can be done about it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tui.screens.dialogs import OptionsDialog

if TYPE_CHECKING:
    from tui.chat.context import Overflow


class OverflowChoice(StrEnum):
    """What to do; None stands for going back to the prompt."""

    DROP = "drop"  # the oldest exchanges leave the context
    NEW = "new"  # the message begins a new conversation


class OverflowScreen(OptionsDialog[OverflowChoice]):
    """The question.

    Args:
        overflow: By how much, and how many exchanges would have to go.
    """

    def __init__(self, overflow: Overflow) -> None:
        tokens, limit, exchanges = overflow.tokens, overflow.limit, overflow.exchanges
        back: tuple[str, OverflowChoice | None] = ("Back to the prompt", None)
        if exchanges is None:
            text = f"{_numbers(tokens, limit)} Even alone the message does not fit. Shorten it, or give the model a \
longer context (engine.context in the settings)."
            super().__init__("The context is too small", [back], text=text)
            return
        oldest = "the oldest exchange" if exchanges == 1 else f"the {exchanges:,} oldest exchanges"
        text = f"{_numbers(tokens, limit)} Nothing has been sent. Dropped exchanges stay \
in the conversation; the model no longer sees them."
        options = [
            (f"Drop {oldest}", OverflowChoice.DROP),
            ("Send it in a new conversation", OverflowChoice.NEW),
            back,
        ]
        super().__init__("The context is full", options, text=text)


def _numbers(tokens: int, limit: int) -> str:
    if tokens > limit:
        return f"With this message the conversation has {tokens:,} tokens; the context holds {limit:,}."
    left = limit - tokens
    return (
        f"With this message the conversation has {tokens:,} of {limit:,} tokens. "
        f"The {left:,} that are left are too few for an answer."
    )
