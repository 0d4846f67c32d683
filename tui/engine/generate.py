"""Prefill and decode: one request in, a stream of events out. Synchronous; whoever iterates does the computing."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tui.engine.backend import adopt
from tui.engine.candidates import LastStep
from tui.engine.errors import Cancelled, ContextFull
from tui.engine.events import Event, Finished, Resumed, TextDelta, Timings, Usage
from tui.engine.language_model import LanguageModel
from tui.engine.prefill import GenerationRequest, prefill, prompt_of
from tui.engine.reasoning import Channel, ReasoningSplitter
from tui.engine.sampling import Sampled, Sampler, SamplingParams
from tui.engine.stopping import FinishReason, StopStrings

__all__ = ["GenerationRequest", "generate"]

# Tokens that can still have a say in how the next one is written.
_LOOK_BACK = 4


def generate(
    model: LanguageModel, request: GenerationRequest, cancel: threading.Event | None = None
) -> Iterator[Event]:
    """Answer one request.

    Args:
        model: Loaded; no other generation may run on it meanwhile.
        request: What to answer.
        cancel: Set from any thread, it ends the answer within 100 ms on CPU; what is there is kept.

    Yields:
        `Resumed` where the answer had begun, `PrefillProgress` for each chunk of the prompt, `TextDelta` as text
        becomes final, and one `Finished`.

    Raises:
        OvchatError: The request cannot be answered; nothing was generated.
    """
    cancel = cancel or threading.Event()
    clock = _Clock()
    prompt = prompt_of(model, request)
    fed = np.concatenate([prompt.token_ids, np.array(request.begun, np.int64)])
    limit = model.context_limit
    if len(fed) >= limit:
        raise ContextFull(len(fed), limit)
    prompt_ids = tuple(prompt.token_ids.tolist())
    sampler = Sampler(request.sampling, prompt_ids, model.stop_ids, model.backend.vocab_size)
    sampler.go_on_after(request.begun)
    sequence, cached = adopt(model.backend, fed, fresh=request.fresh)
    answer = _Answer(model, request.sampling, prompt.thinking)
    if request.begun or prompt.begun_text:
        answer.go_on_after(request.begun, prompt.begun_text, prompt.token_ids)
        yield Resumed(*("".join(answer.texts[channel]) for channel in (Channel.ANSWER, Channel.REASONING)))
    room = limit - len(fed)
    reason = FinishReason.CANCELLED
    # Copied with each token: what a cancelled step has written over is nobody's logits. 30 us for 150,000 tokens.
    last_logits = np.empty(model.backend.vocab_size, np.float32)
    try:
        logits = yield from prefill(model.backend, sequence, fed, cached, cancel)
        for count in itertools.count(1):
            sampled = sampler.sample(logits[-1])
            np.copyto(last_logits, logits[-1])
            clock.token()
            ended = answer.add(sampled)
            yield from answer.deltas()
            if ended:
                reason = FinishReason.STOP
                break
            if count >= room or count == request.sampling.max_tokens:
                reason = FinishReason.LENGTH
                break
            logits = model.backend.step(sequence, (sampled.token_id,), cancel=cancel)
    except Cancelled:
        pass
    answer.finish()
    yield from answer.deltas()
    token_ids = (*request.begun, *answer.token_ids)
    last_step = None
    if answer.token_ids:
        last_step = LastStep(last_logits, prompt_ids, token_ids[:-1], model.stop_ids, model.tokenizer.token_text)
    yield Finished(
        reason=reason,
        text="".join(answer.texts[Channel.ANSWER]),
        reasoning="".join(answer.texts[Channel.REASONING]),
        token_ids=token_ids,
        prompt_token_ids=prompt_ids,
        usage=Usage(len(fed), cached, len(answer.token_ids)),
        timings=clock.timings(model.load_s, len(fed) - cached, len(answer.token_ids)),
        seed=sampler.seed,
        logprobs=tuple(answer.logprobs),
        last_step=last_step,
    )


class _Answer:
    """Tokens on their way to text: detokenizer, stop strings, then thinking apart from answering."""

    def __init__(self, model: LanguageModel, params: SamplingParams, thinking: str) -> None:
        self._stop_ids = frozenset() if params.ignore_eos else model.stop_ids
        self._detokenizer = model.detokenizer()
        self._stop_strings = params.stop
        self._stops = StopStrings(params.stop)
        self._splitter = ReasoningSplitter(thinking)
        self._wants_logprobs = params.logprobs is not None
        self._pieces: list[tuple[Channel, str]] = []
        self._new_ids: list[int] = []
        self._ended = False
        self.token_ids: list[int] = []
        self.logprobs: list[Sampled] = []
        self.texts: dict[Channel, list[str]] = {channel: [] for channel in Channel}

    def go_on_after(self, token_ids: Sequence[int], text: str, prompt: NDArray[np.int64]) -> None:
        """Take what the answer has begun with: token ids, or a text that ends the prompt."""
        for token_id in token_ids:
            self._replay(self._detokenizer.add(token_id))
        if text:
            # The detokenizer has to know what came before: at the beginning of a text some drop a space.
            for token_id in prompt[-_LOOK_BACK:].tolist():
                self._detokenizer.add(token_id)
            self._replay(text)
        list(self.deltas())

    def _replay(self, text: str) -> None:
        # By the character: a stop string that is found would swallow the rest.
        for piece in text if self._stop_strings else (text,):
            shown, found = self._stops.feed(piece)
            if found:  # it is text: when it was written, this was no stop string
                shown += self._stops.matched or ""
                self._stops = StopStrings(self._stop_strings)
            self._pieces += self._splitter.feed(shown)

    def add(self, sampled: Sampled) -> bool:
        """Take a token; True where it ends the answer."""
        self.token_ids.append(sampled.token_id)
        self._new_ids.append(sampled.token_id)
        if self._wants_logprobs:
            self.logprobs.append(sampled)
        self._ended = sampled.token_id in self._stop_ids
        if not self._ended:
            self._feed(self._detokenizer.add(sampled.token_id))
        return self._ended

    def _feed(self, text: str) -> None:
        if text:
            shown, hit = self._stops.feed(text)
            self._ended = self._ended or hit
            self._pieces += self._splitter.feed(shown)

    def finish(self) -> None:
        """Let go of what was held back."""
        if self._stops.matched is None:
            self._feed(self._detokenizer.finish())
            self._pieces += self._splitter.feed(self._stops.finish())
        self._pieces += self._splitter.finish()

    def deltas(self) -> Iterator[TextDelta]:
        """What became final since the last call."""
        for channel, text in self._pieces:
            self.texts[channel].append(text)
            yield TextDelta(text, tuple(self._new_ids), channel)
            self._new_ids.clear()
        self._pieces.clear()


class _Clock:
    """When the request came, and when its first and latest token did."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._first: float | None = None
        self._latest = self._start

    def token(self) -> None:
        self._latest = time.perf_counter()
        if self._first is None:
            self._first = self._latest

    def timings(self, load_s: float, computed: int, generated: int) -> Timings:
        first = self._first if self._first is not None else time.perf_counter()
        ttft, decode = first - self._start, self._latest - first
        return Timings(
            load_s=load_s,
            ttft_s=ttft,
            prefill_tokens_per_s=computed / ttft if ttft > 0 else 0.0,
            decode_tokens_per_s=(generated - 1) / decode if decode > 0 else 0.0,
        )
