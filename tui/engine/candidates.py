"""Tokens that could have come next, with their probabilities. Light to import: who shows them needs no engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.engine.logits import Logits


@dataclass(frozen=True, slots=True)
class Candidate:
    """A token that may come next.

    Attributes:
        token_id: Its id.
        text: As it is in the middle of a text.
        probability: 0 to 1.
    """

    token_id: int
    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class Stage:
    """The distribution of one step after one of the sampler's filters.

    Attributes:
        name: What filtered it: `penalties`, `top_k`, `temperature`, `min_p`, `top_p`; or `greedy`.
        value: What the filter is set to; "" where it is off and changes nothing.
        left: How many tokens can still come.
        top: The most likely ones, most likely first; their shares of what is left.
    """

    name: str
    value: str
    left: int
    top: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True, eq=False)
class LastStep:
    """What the last token of an answer was chosen from, so that other sampling values can be tried on it.

    Attributes:
        logits: f32[V], as the model gave them.
        prompt_ids: The prompt's token ids.
        answer_ids: Those of the answer before this step.
        stop_ids: Those that end an answer.
        token_text: The text of a token of that model.
    """

    logits: Logits
    prompt_ids: Sequence[int]
    answer_ids: Sequence[int]
    stop_ids: frozenset[int]
    token_text: Callable[[int], str]
