"""What a conversation remembers and tells of tokens: of its last turn, and of an answer that is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tui.engine.candidates import LastStep
    from tui.engine.runner import ScoreJob
    from tui.engine.sampling import Sampled
    from tui.engine.token_pieces import TokenPieces
    from tui.engine.tokenizer import Tokenizer


class LastTurn(NamedTuple):
    """Of the last turn: who made the tokens, what its last one was chosen from, how many it found in the cache."""

    tokenizer: Tokenizer
    step: LastStep
    cached: int


class Scored(NamedTuple):
    """What the engine said of an answer."""

    message_id: int
    top: int
    tokens: tuple[Sampled, ...]


class Tokens(NamedTuple):
    """An answer token by token.

    Attributes:
        pieces: The tokens.
        job: Finds out how likely they were.
        token_text: The text of any other token.
    """

    pieces: TokenPieces
    job: ScoreJob
    token_text: Callable[[int], str]
