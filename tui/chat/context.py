"""What of a conversation the model is given, how many tokens that is, and what to leave out where it is too much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.engine.errors import BadToken, OvchatError
from tui.store.records import Ended, Message, Role

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
    """What is to be answered leaves too little room for that.

    Attributes:
        tokens: What it has, with everything before.
        limit: What the context holds.
        exchanges: How many of the oldest questions, with their answers, have to go; None: even alone it is too long.
        start: The first message that stays. Where none does, the id that the message to be answered has or will have.
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
    return len(prompt_ids(model, given)) if given else 0


def prompt_ids(model: LanguageModel, given: Sequence[ChatMessage]) -> NDArray[np.int64]:
    """The tokens of rendered messages, at least one, with the beginning of an answer unless they end with one.

    Raises:
        OvchatError: The template rejects them, or the model was unloaded meanwhile.
    """
    text = model.template.render(given, add_generation_prompt=given[-1]["role"] != "assistant")
    return model.tokenizer.encode(text, add_special_tokens=model.template.plain)


def use_of(model: LanguageModel, system: str, messages: Sequence[Message], text: str) -> ContextUse | None:
    """The context's use, or None where it cannot be told (the model is being unloaded, the template rejects it)."""
    given = chat_messages(system, messages, text)
    if given and all(each["role"] == "system" for each in given):
        # Many templates take no conversation without a user. It is what would be sent but for what is yet to be typed.
        given.append({"role": "user", "content": ""})
    try:
        return ContextUse(_count_tokens(model, given), model.context_limit)
    except OvchatError:
        return None


def means_the_same(model: LanguageModel, answer: Message) -> bool:
    """Whether the answer's tokens mean to this model what was written: then it goes on exactly where it was."""
    if not answer.token_ids:
        return False
    try:
        decoded = model.tokenizer.decode(answer.token_ids)
    except BadToken:
        return False
    return answer.text.strip() in decoded and answer.reasoning.strip() in decoded


def check_tokens(model: LanguageModel, answer: Message) -> None:
    """Make sure that an answer can be looked at token by token.

    Raises:
        OvchatError: It has no tokens, or they mean something else to this model.
    """
    if answer.role is not Role.ASSISTANT or not answer.token_ids:
        raise OvchatError("The tokens of this message are not known.", "Choose an answer that was written here.")
    if not means_the_same(model, answer):
        written = f"{answer.model} wrote this answer" if answer.model else "Another model wrote this answer"
        raise OvchatError(f"{written}, and its tokens mean something else to this one.", "Switch models with F3.")


def overflow_of(
    model: LanguageModel,
    system: str,
    messages: Sequence[Message],
    text: str,
    max_tokens: int | None,
    text_id: int,
    begun: Message | None = None,
) -> Overflow | None:
    """What has to go before `text` can be answered, or its answer gone on with; None: nothing.

    Args:
        model: Counts.
        system: System prompt; it always stays.
        messages: What the model would be given before it.
        text: The user's message.
        max_tokens: The longest answer, or None.
        text_id: The id that the message with `text` has or will have.
        begun: The answer that is to be gone on with.
    """
    limit = model.context_limit
    wanted = limit if max_tokens is None else max_tokens

    def tokens_from(start: int) -> int:
        return has + _count_tokens(model, chat_messages(system, messages[start:], text))

    try:
        has = _count_begun(model, begun) if begun is not None else 0
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
    return Overflow(tokens, limit, len(starts) - 1, text_id) if messages else None


def _count_begun(model: LanguageModel, answer: Message) -> int:
    """Tokens of an answer that is to be gone on with; another model's to about the marks around the thinking."""
    if means_the_same(model, answer):
        return len(answer.token_ids)
    return len(model.tokenizer.encode(f"{answer.reasoning}{answer.text}", add_special_tokens=False))


def _without_failed(messages: Sequence[Message]) -> list[Message]:
    kept: list[Message] = []
    for place, message in enumerate(messages):
        answer = messages[place + 1] if place + 1 < len(messages) else None
        failed = answer is not None and answer.ended is Ended.ERROR and not (answer.text or answer.reasoning)
        if not (message.role is Role.USER and failed):
            kept.append(message)
    return kept
