"""What of a conversation the model is given, how many tokens that is, and what to leave out where it is too much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.engine.errors import OvchatError
from tui.store.records import Ended, Message, Role

if TYPE_CHECKING:
    from tui.engine.language_model import LanguageModel

ChatMessage = dict[str, str]

# Less than this part of the context for an answer is announced before sending ...
_TOO_LITTLE = 8
# ... and this part is made room for.
_ENOUGH = 4


@dataclass(frozen=True, slots=True)
class ContextUse:
    """Tokens of the context that are used, of how many."""

    tokens: int
    limit: int


@dataclass(frozen=True, slots=True)
class Overflow:
    """What is to be sent leaves too little room for an answer.

    Attributes:
        tokens: What it has, with everything before.
        limit: What the context holds.
        exchanges: How many of the oldest questions, with their answers, have to go; None: even alone it is too long.
        start: The first message that stays. Where none does, the id that the next message will have.
    """

    tokens: int
    limit: int
    exchanges: int | None
    start: int | None


def chat_messages(system: str, messages: Sequence[Message], text: str = "") -> list[ChatMessage]:
    """What the model is given: the system prompt, the messages, and `text` as the user's next one.

    Without the thinking. An answer that has no text is left out, and where it failed, so is the question that failed
    with it: a prompt that was too long would make every later one too long. Users' messages in a row become one:
    templates want the turns to alternate.
    """
    given: list[ChatMessage] = [{"role": "system", "content": system}] if system else []
    said = [*((each.role, each.text) for each in _without_failed(messages)), *([(Role.USER, text)] if text else [])]
    for role, content in said:
        if role is Role.USER and given and given[-1]["role"] == Role.USER:
            given[-1] = {"role": "user", "content": f"{given[-1]['content']}\n\n{content}"}
        elif role is Role.USER or content.strip():
            given.append({"role": str(role), "content": content})
    return given


def _count_tokens(model: LanguageModel, given: Sequence[ChatMessage]) -> int:
    """Tokens of the rendered messages, with the beginning of an answer unless they end with one.

    Raises:
        OvchatError: The template rejects them, or the model was unloaded meanwhile.
    """
    if not given:
        return 0
    text = model.template.render(given, add_generation_prompt=given[-1]["role"] != "assistant")
    return len(model.tokenizer.encode(text, add_special_tokens=model.template.plain))


def use_of(model: LanguageModel, system: str, messages: Sequence[Message], text: str) -> ContextUse | None:
    """The context's use, or None where it cannot be told (the model is being unloaded, the template rejects it)."""
    given = chat_messages(system, messages, text)
    if all(each["role"] == "system" for each in given):
        # Many templates take no conversation without a user; a system prompt alone is told with what is typed.
        return ContextUse(0, model.context_limit)
    try:
        return ContextUse(_count_tokens(model, given), model.context_limit)
    except OvchatError:
        return None


def overflow_of(
    model: LanguageModel, system: str, messages: Sequence[Message], text: str, max_tokens: int | None, next_id: int
) -> Overflow | None:
    """What has to go before `text` can be answered; None: nothing.

    Args:
        model: Counts.
        system: System prompt; it always stays.
        messages: What the model would be given.
        text: What is to be sent.
        max_tokens: The longest answer, or None.
        next_id: The id that the message with `text` will have.
    """
    limit = model.context_limit
    wanted = limit if max_tokens is None else max_tokens

    def tokens_from(start: int) -> int:
        return _count_tokens(model, chat_messages(system, messages[start:], text))

    try:
        tokens = tokens_from(0)
        if tokens + min(wanted, max(1, limit // _TOO_LITTLE)) <= limit:
            return None
        room = min(wanted, max(1, limit // _ENOUGH))
        starts = [place for place, each in enumerate(messages) if each.role is Role.USER] + [len(messages)]
        # The first start that fits. Dropping more always leaves fewer tokens.
        low, high = 1, max(1, len(starts) - 1)
        while low < high:
            middle = (low + high) // 2
            if tokens_from(starts[middle]) + room <= limit:
                high = middle
            else:
                low = middle + 1
        tokens_alone = tokens_from(len(messages))
    except OvchatError:
        # The model will say what is wrong when it is asked.
        return None
    if low < len(starts) - 1:
        return Overflow(tokens, limit, low, messages[starts[low]].id)
    if tokens_alone >= limit:
        return Overflow(tokens, limit, None, None)
    # All has to go; where there is nothing, the answer has the room it has.
    return Overflow(tokens, limit, len(starts) - 1, next_id) if messages else None


def _without_failed(messages: Sequence[Message]) -> list[Message]:
    kept: list[Message] = []
    for place, message in enumerate(messages):
        answer = messages[place + 1] if place + 1 < len(messages) else None
        failed = answer is not None and answer.ended is Ended.ERROR and not (answer.text or answer.reasoning)
        if not (message.role is Role.USER and failed):
            kept.append(message)
    return kept
