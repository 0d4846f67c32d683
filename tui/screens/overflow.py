"""Says before sending that the context is too small for a message, with the numbers, and what can be done about it."""

from __future__ import annotations

from enum import StrEnum

from tui.screens.dialogs import OptionsDialog


class OverflowChoice(StrEnum):
    """What to do; None stands for going back to the prompt."""

    DROP = "drop"  # the oldest exchanges leave the context
    NEW = "new"  # the message begins a new conversation


class OverflowScreen(OptionsDialog[OverflowChoice]):
    """The question.

    Args:
        tokens: Tokens of the conversation with the message.
        limit: Tokens that the context holds.
        exchanges: How many of the oldest exchanges have to leave it; None where that would not be enough.
    """

    def __init__(self, tokens: int, limit: int, exchanges: int | None) -> None:
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
