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
    SUMMARY = "summary"  # so, too, but before it comes a summary of this one


class OverflowScreen(OptionsDialog[OverflowChoice]):
    """The question.

    Args:
        overflow: By how much, and how many exchanges would have to go.
        can_move: There is a message to send, which can also begin a new conversation. Else more of what was said
            is to be answered.
    """

    opens_by_itself = True

    def __init__(self, overflow: Overflow, *, can_move: bool = True) -> None:
        exchanges = overflow.exchanges
        numbers = _numbers("With this message the" if can_move else "Up to here the", overflow)
        back: tuple[str, OverflowChoice | None] = ("Back to the prompt" if can_move else "Leave it as it is", None)
        if exchanges is None:
            alone = "Even alone the message does not fit. Shorten it" if can_move else "Even alone it does not fit"
            text = f"{numbers} {alone}, or give the model a longer context (engine.context in the settings)."
            super().__init__("The context is too small", [back], text=text)
            return
        oldest = "the oldest exchange" if exchanges == 1 else f"the {exchanges:,} oldest exchanges"
        text = f"{numbers} Nothing has been sent. Dropped exchanges stay in the conversation; the model no longer \
sees them."
        new = [
            ("Send it in a new conversation", OverflowChoice.NEW),
            ("In a new one, after a summary", OverflowChoice.SUMMARY),
        ]
        move = new if can_move else []
        super().__init__("The context is full", [(f"Drop {oldest}", OverflowChoice.DROP), *move, back], text=text)


def _numbers(what: str, overflow: Overflow) -> str:
    tokens, limit = overflow.tokens, overflow.limit
    if tokens > limit:
        return f"{what} conversation has {tokens:,} tokens; the context holds {limit:,}."
    left = f"The {limit - tokens:,} that are left are too few for an answer."
    return f"{what} conversation has {tokens:,} of {limit:,} tokens. {left}"
