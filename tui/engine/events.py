"""What a generation says of itself while it runs. Light to import: whoever only listens needs no engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.engine.reasoning import Channel
from tui.engine.stopping import FinishReason

if TYPE_CHECKING:
    from tui.engine.candidates import LastStep
    from tui.engine.sampling import Sampled


@dataclass(frozen=True, slots=True)
class PrefillProgress:
    """`done` of `total` prompt tokens are computed; `cached` of them were there before."""

    done: int
    total: int
    cached: int


@dataclass(frozen=True, slots=True)
class TextDelta:
    """New text that is final, and the ids of the tokens since the last delta (they may be none, or several)."""

    text: str
    token_ids: tuple[int, ...]
    channel: Channel


@dataclass(frozen=True, slots=True)
class Resumed:
    """An answer that had begun goes on: what of its text is certain. What its tokens still held comes again."""

    text: str
    reasoning: str


@dataclass(frozen=True, slots=True)
class Usage:
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds, and tokens per second. `ttft_s` counts from the request to the first token, tokenisation included."""

    load_s: float
    ttft_s: float
    prefill_tokens_per_s: float
    decode_tokens_per_s: float


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of an answer; always the last event.

    Attributes:
        reason: Why it ended.
        text: The whole answer, without the thinking; with what it had begun with.
        reasoning: The whole thinking.
        token_ids: Generated ids, those it had begun with and the stop id included.
        prompt_token_ids: The prompt's ids, without those of an answer that had begun.
        usage: Token counts; of an answer that had begun, its tokens count as prompt.
        timings: How long it took.
        seed: The seed in use.
        logprobs: One for each generated token, where asked for.
        last_step: What the last token was chosen from; None where there is none.
    """

    reason: FinishReason
    text: str
    reasoning: str
    token_ids: tuple[int, ...]
    prompt_token_ids: tuple[int, ...]
    usage: Usage
    timings: Timings
    seed: int
    logprobs: tuple[Sampled, ...]
    last_step: LastStep | None = field(default=None, repr=False, compare=False)


Event = PrefillProgress | Resumed | TextDelta | Finished
