"""Prefill and decode: one request in, a stream of events out. Synchronous; whoever iterates does the computing."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tui.engine.backend import Backend, Logits, adopt
from tui.engine.errors import BadText, Cancelled, ContextFull
from tui.engine.events import Event, Finished, PrefillProgress, Resumed, TextDelta, Timings, Usage
from tui.engine.language_model import LanguageModel
from tui.engine.reasoning import Channel, ReasoningSplitter, opened_by
from tui.engine.sampling import Sampled, Sampler, SamplingParams
from tui.engine.stopping import FinishReason, StopStrings

# Tokens that can still have a say in how the next one is written.
_LOOK_BACK = 4


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """What to answer, and how.

    Attributes:
        messages: `{"role": ..., "content": ...}` mappings, rendered by the model's chat template.
        prompt: Raw text instead of messages: no template, special tokens as the tokenizer adds them.
        sampling: How tokens are chosen.
        begun: Token ids of the answer to be gone on with, after the prompt: its text goes on where it was, inside
            thinking too, and penalties and draws as if it had not stopped. max_tokens counts the new ones.
        begun_text: The text of such an answer, as another model wrote it. Not with `begun`.
        fresh: Compute from an empty sequence, whatever the cache holds.
        tools: Function descriptions for the template.
        template_values: More values for the template, such as `enable_thinking`.
    """

    messages: Sequence[Mapping[str, Any]] = ()
    prompt: str | None = None
    sampling: SamplingParams = field(default_factory=SamplingParams)
    begun: tuple[int, ...] = ()
    begun_text: str = ""
    fresh: bool = False
    tools: Sequence[Mapping[str, Any]] | None = None
    template_values: Mapping[str, Any] = field(default_factory=dict)


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
    prompt = _prompt(model, request)
    asked, fed = len(prompt.token_ids), np.concatenate([prompt.token_ids, np.array(request.begun, np.int64)])
    if not asked:
        raise BadText("The chat template or the tokenizer leaves nothing of the prompt.", "Write something else.")
    limit = model.context_limit
    if len(fed) >= limit:
        raise ContextFull(len(fed), limit)
    sampler = Sampler(request.sampling, prompt.token_ids.tolist(), model.stop_ids, model.backend.vocab_size)
    sampler.go_on_after(request.begun)
    sequence, cached = adopt(model.backend, fed, fresh=request.fresh)
    answer = _Answer(model, request.sampling, prompt.thinking)
    if request.begun or prompt.begun_text:
        answer.go_on_after(request.begun, prompt.begun_text, prompt.token_ids)
        yield Resumed(*("".join(answer.texts[channel]) for channel in (Channel.ANSWER, Channel.REASONING)))
    room = limit - len(fed)
    reason = FinishReason.CANCELLED
    try:
        logits = yield from _prefill(model.backend, sequence, fed, cached, cancel)
        for count in itertools.count(1):
            sampled = sampler.sample(logits[-1])
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
    yield Finished(
        reason=reason,
        text="".join(answer.texts[Channel.ANSWER]),
        reasoning="".join(answer.texts[Channel.REASONING]),
        token_ids=(*request.begun, *answer.token_ids),
        prompt_token_ids=tuple(prompt.token_ids.tolist()),
        usage=Usage(len(fed), cached, len(answer.token_ids)),
        timings=clock.timings(model.load_s, len(fed) - cached, len(answer.token_ids)),
        seed=sampler.seed,
        logprobs=tuple(answer.logprobs),
    )


@dataclass(frozen=True, slots=True)
class _Prompt:
    """The prompt's ids, the thinking tag that the template has opened, and the text in it that is answer already."""

    token_ids: NDArray[np.int64]
    thinking: str = ""
    begun_text: str = ""


def _prompt(model: LanguageModel, request: GenerationRequest) -> _Prompt:
    if request.prompt is not None:
        if not request.prompt:
            raise BadText("The prompt is empty.", "Write something to answer.")
        return _Prompt(model.tokenizer.encode(request.prompt, add_special_tokens=True))
    if not request.messages:
        raise BadText("There is no message to answer.", "Write something to answer.")
    given = {"tools": request.tools, **request.template_values}
    text = model.template.render(request.messages, **given)
    whole = text
    if request.begun_text:
        whole = model.template.render_begun(request.messages, request.begun_text, **given)
    token_ids = model.tokenizer.encode(whole, add_special_tokens=model.template.plain)
    return _Prompt(token_ids, opened_by(text), whole.removeprefix(text))


def _prefill(
    backend: Backend[Any], sequence: int, prompt: NDArray[np.int64], cached: int, cancel: threading.Event
) -> Generator[PrefillProgress, None, Logits]:
    """Compute the prompt from `cached` on in chunks. Returns the logits after its last token."""
    total = len(prompt)
    yield PrefillProgress(cached, total, cached)
    # What cannot rewind is remembered just before the last token, to answer the same prompt again.
    pause = total if backend.capabilities.can_rewind else total - 1
    done = cached
    logits: Logits = np.empty((0, 0), np.float32)
    while done < total:
        end = min(done + backend.chunk_size, pause if done < pause else total)
        logits = backend.step(sequence, prompt[done:end], cancel=cancel)
        done = end
        if done == pause:
            backend.checkpoint(sequence)
        if done < total:
            yield PrefillProgress(done, total, cached)
    return logits


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
