"""What the model would be given if a message were sent now: the rendered prompt, token by token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.chat.context import ChatMessage, prompt_ids
from tui.engine.errors import OvchatError
from tui.store.records import Message

if TYPE_CHECKING:
    from tui.engine.language_model import LanguageModel
    from tui.engine.token_pieces import TokenPieces


@dataclass(frozen=True, slots=True)
class Inspection:
    """A prompt.

    Attributes:
        pieces: Its tokens.
        template: The file that its form comes from.
        limit: Tokens that the context holds.
        reused: So many of the first tokens were in the cache already when the last turn began; None where there was
            none since the conversation was opened.
        left_out: The messages that are out of context: the model is not given them.
    """

    pieces: TokenPieces
    template: str
    limit: int
    reused: int | None
    left_out: Sequence[Message]


def inspect(
    model: LanguageModel, given: Sequence[ChatMessage], left_out: Sequence[Message], found: Sequence[int] | None
) -> Inspection:
    """The prompt of a conversation.

    Args:
        model: Has template and tokenizer.
        given: What it would be given.
        left_out: The messages that are out of context.
        found: The tokens that the last turn found in the cache; None where there was none.

    Raises:
        OvchatError: There is nothing to send, or the template rejects it.
    """
    if all(each["role"] == "system" for each in given):
        raise OvchatError("There is nothing to send yet.", "Type a message, then look again.")
    ids = prompt_ids(model, given).tolist()
    reused = None if found is None else _common(found, ids)
    return Inspection(model.tokenizer.pieces(ids), model.template.source, model.context_limit, reused, left_out)


def _common(found: Sequence[int], ids: Sequence[int]) -> int:
    """Of the tokens found, so many are at the beginning of this prompt, too."""
    differs = (place for place, pair in enumerate(zip(found, ids, strict=False)) if pair[0] != pair[1])
    return next(differs, min(len(found), len(ids)))
