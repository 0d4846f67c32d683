"""A runner that answers from a script: the real jobs and the real engine thread, without a model."""

from __future__ import annotations

import itertools
import math
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tui.engine.candidates import LastStep
from tui.engine.errors import Cancelled, ContextFull, OvchatError
from tui.engine.events import Event, Finished, PrefillProgress, Resumed, TextDelta, Timings, Usage
from tui.engine.generate import GenerationRequest
from tui.engine.options import EngineOptions
from tui.engine.reasoning import Channel
from tui.engine.runner import GenerationJob, Job, LoadJob, LoadProgress, Runner, ScoreJob
from tui.engine.sampling import Sampled
from tui.engine.stopping import FinishReason
from tui.engine.token_pieces import TokenPieces

Answer = str | Sequence[tuple[Channel, str]] | OvchatError

_PIECE = re.compile(r"\s*\S+|\s+$")
_MARKS = {"<system>", "<user>", "<assistant>", "<end>"}
_PREFILL_STEPS = 10
# The first four tokens that were met are 40, 30, 20 and 10 per cent likely in every last step.
_LAST_LOGITS = np.concatenate([np.log(np.arange(4.0, 0.0, -1.0)), np.full(4092, -np.inf)]).astype(np.float32)
# How likely the tokens of an answer are, again and again; and what is left, of the three that could have come instead.
_LIKELY, _OTHERS = (0.97, 0.62, 0.31, 0.12, 0.02), {" a": 0.5, " the": 0.3, "\n": 0.15}


class ScriptedTokenizer:
    """One token for each word with the white space before it; ids are given as words are met."""

    def __init__(self) -> None:
        self._ids: dict[tuple[Channel, str], int] = {}
        self._pieces: list[tuple[Channel, str]] = []
        self._lock = threading.Lock()

    def id_of(self, piece: str, channel: Channel = Channel.ANSWER) -> int:
        with self._lock:
            if (channel, piece) not in self._ids:
                self._ids[channel, piece] = len(self._pieces)
                self._pieces.append((channel, piece))
            return self._ids[channel, piece]

    def piece(self, token_id: int) -> tuple[Channel, str]:
        """The piece of an id; nothing for one of another process."""
        return self._pieces[token_id] if token_id < len(self._pieces) else (Channel.ANSWER, "")

    def encode(self, text: str, *, add_special_tokens: bool = False) -> Any:
        return np.array([self.id_of(piece) for piece in _PIECE.findall(text)], dtype=np.int64)

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool = True) -> str:
        return "".join(self.piece(each)[1] for each in ids)

    def token_text(self, token_id: int) -> str:
        return self.piece(token_id)[1]

    def pieces(self, ids: Sequence[int]) -> TokenPieces:
        """Special are the marks of `ScriptedTemplate`."""
        special = {each for each in ids if self.token_text(each).strip() in _MARKS}
        return TokenPieces(list(ids), [self.token_text(each) for each in ids], frozenset(special), frozenset())


class ScriptedTemplate:
    """Three tokens and its words for each message, two for the answer's beginning."""

    plain = False
    source = "chat_template.jinja"
    warning = ""
    text = ""

    def render(self, messages: Sequence[Mapping[str, Any]], *, add_generation_prompt: bool = True, **given: Any) -> str:
        text = "".join(f" <{message['role']}> {message['content']} <end>\n" for message in messages)
        return text + " <assistant> :" * add_generation_prompt

    def render_begun(self, messages: Sequence[Mapping[str, Any]], begun: str, **given: Any) -> str:
        return self.render(messages, **given) + begun


@dataclass
class ScriptedModel:
    """What front ends ask of a loaded model."""

    name: str = "scripted"
    device: str = "CPU"
    context_limit: int = 4096
    load_s: float = 0.0
    precision: str = "f32"
    kv_cache: str = "u8"
    notices: tuple[str, ...] = ()
    generation_config: dict[str, Any] = field(default_factory=dict)
    tokenizer: ScriptedTokenizer = field(default_factory=ScriptedTokenizer)
    template: ScriptedTemplate = field(default_factory=ScriptedTemplate)
    stop_ids: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        self.files = SimpleNamespace(
            name=self.name,
            path=Path(self.name),
            architecture="LlamaForCausalLM",
            model_type="llama",
            weight_format="int8",
            weight_bytes=0,
            generation_config=self.generation_config,
        )
        capabilities = SimpleNamespace(name="paged", context_limit=self.context_limit, selects_rows=True)
        self.backend = SimpleNamespace(capabilities=capabilities)

    def close(self) -> None:
        """Nothing to give back."""


class ScriptedRunner(Runner):
    """Answers from a script; otherwise as the real one.

    Args:
        answers: One after the other (the last one again and again), or a function of the request. A text is cut into
            a token for each word; a list says the channel too; an error is raised in place of an answer.
        tokens_per_s: Pace; None is as fast as possible.
        prefill_s: Seconds before the first token.
        load_s: Seconds that loading takes.
        context_limit: Tokens the context holds.
        model_name: What the model is called.
        loaded: The model is there from the beginning; else after `load`.
        generation_config: The model's own sampling values.

    Attributes:
        requests: Everything that was asked, in order.
        loads: Folder and device of every load.
        scored: Every answer whose tokens were looked at, and what it answers.
        load_error: What the next loads fail with.
        go: Cleared, it holds the engine before the next token until it is set.
    """

    def __init__(
        self,
        answers: Sequence[Answer] | Callable[[GenerationRequest], Answer] = ("A scripted answer.",),
        *,
        tokens_per_s: float | None = None,
        prefill_s: float = 0.0,
        load_s: float = 0.0,
        context_limit: int = 4096,
        model_name: str = "scripted",
        loaded: bool = True,
        generation_config: Mapping[str, Any] | None = None,
    ) -> None:
        self.requests: list[GenerationRequest] = []
        self.loads: list[tuple[Path, str]] = []
        self.caches: list[Path | None] = []
        self.scored: list[tuple[GenerationRequest, tuple[int, ...]]] = []
        self.load_error: OvchatError | None = None
        self.go = threading.Event()
        self.go.set()
        self._answers = answers
        self._seconds_per_token = 1 / tokens_per_s if tokens_per_s else 0.0
        self._prefill_s = prefill_s
        self._load_s = load_s
        self._context_limit = context_limit
        self._model_name = model_name
        self._generation_config = dict(generation_config or {})
        self._tokenizer = ScriptedTokenizer()
        self._held: list[int] = []
        super().__init__()
        if loaded:
            self.model = self._new_model(model_name, "CPU")

    def load(
        self,
        folder: Path,
        device: str = "auto",
        options: EngineOptions | None = None,
        verdicts: Any = None,
        cache: Path | None = None,
    ) -> Any:
        def work(job: LoadJob) -> Any:
            self._drop_model()
            for number, stage in enumerate(("reading the model", "compiling", "warming up")):
                job.emit(LoadProgress(stage, number * self._load_s / 3))
                if job.cancelled.wait(self._load_s / 3):
                    raise OvchatError("The model was not loaded: another one was asked for.")
            if self.load_error is not None:
                raise self.load_error
            self.model = self._new_model(Path(folder).name or self._model_name, device)
            return self.model

        self.loads.append((Path(folder), device))
        self.caches.append(cache)
        return self._submit(Job(work))

    def generate(self, request: GenerationRequest) -> GenerationJob:
        number = len(self.requests)

        def work(job: GenerationJob) -> Finished:
            if self.model is None:
                raise OvchatError("No model is loaded.", "Load one first.")
            for event in self._generate(request, number, job):
                job.emit(event)
            assert isinstance(event, Finished)
            return event

        self.requests.append(request)
        return self._submit(Job(work))

    def score(self, request: GenerationRequest, token_ids: Sequence[int], top: int) -> ScoreJob:
        tokenizer: Any = self._tokenizer

        def scored(token_id: int, likely: float) -> Sampled:
            others = {tokenizer.id_of(text): part * (1 - likely) for text, part in _OTHERS.items()}
            ranked = sorted({**others, token_id: likely}.items(), key=lambda pair: -pair[1])
            return Sampled(token_id, math.log(likely), tuple((each, math.log(part)) for each, part in ranked[:top]))

        def work(job: ScoreJob) -> tuple[Sampled, ...]:
            job.emit(PrefillProgress(0, len(token_ids), 0))
            while not self.go.wait(0.01):
                if job.cancelled.is_set():
                    raise Cancelled
            return tuple(map(scored, token_ids, itertools.cycle(_LIKELY)))

        self.scored.append((request, tuple(token_ids)))
        return self._submit(Job(work))

    def _new_model(self, name: str, device: str) -> Any:
        return ScriptedModel(
            name=name,
            device="CPU" if device == "auto" else device.upper(),
            context_limit=self._context_limit,
            load_s=self._load_s,
            generation_config=self._generation_config,
            tokenizer=self._tokenizer,
        )

    def _answer(self, request: GenerationRequest, number: int) -> list[tuple[Channel, str]]:
        if callable(self._answers):
            answer = self._answers(request)
        else:
            answer = self._answers[min(number, len(self._answers) - 1)]
        if isinstance(answer, OvchatError):
            raise answer
        parts = [(Channel.ANSWER, answer)] if isinstance(answer, str) else answer
        return [(channel, piece) for channel, text in parts for piece in _PIECE.findall(text)]

    def _generate(self, request: GenerationRequest, number: int, job: GenerationJob) -> Iterator[Event]:
        started = time.perf_counter()
        model: Any = self.model
        text = request.prompt if request.prompt is not None else model.template.render(request.messages)
        texts = dict.fromkeys(Channel, "")
        texts[Channel.ANSWER] = request.begun_text
        for channel, piece in map(model.tokenizer.piece, request.begun):
            texts[channel] += piece
        prompt = [*model.tokenizer.encode(text + request.begun_text).tolist(), *request.begun]
        if len(prompt) >= model.context_limit:
            raise ContextFull(len(prompt), model.context_limit)
        pieces = self._answer(request, number)
        cached = next((n for n, pair in enumerate(zip(self._held, prompt, strict=False)) if pair[0] != pair[1]), None)
        cached = min(len(self._held), len(prompt) - 1) if cached is None else cached
        cached = 0 if request.fresh else cached
        reason, ids = FinishReason.STOP, list[int]()
        if request.begun or request.begun_text:
            yield Resumed(texts[Channel.ANSWER], texts[Channel.REASONING])
        yield PrefillProgress(cached, len(prompt), cached)
        for step in range(1, _PREFILL_STEPS if self._prefill_s else 0):
            if job.cancelled.wait(self._prefill_s / _PREFILL_STEPS):
                break
            yield PrefillProgress(cached + (len(prompt) - cached) * step // _PREFILL_STEPS, len(prompt), cached)
        first, prefilled = None, time.perf_counter()
        for channel, piece in pieces:
            # The hold and the pace both end at once when the job is cancelled.
            while not self.go.wait(0.01) and not job.cancelled.is_set():
                pass
            due = prefilled + (len(ids) + 1) * self._seconds_per_token
            if job.cancelled.wait(max(0.0, due - time.perf_counter())) or job.cancelled.is_set():
                reason = FinishReason.CANCELLED
                break
            first = first or time.perf_counter()
            ids.append(model.tokenizer.id_of(piece, channel))
            texts[channel] += piece
            yield TextDelta(piece, (ids[-1],), channel)
            if len(ids) == request.sampling.max_tokens or len(prompt) + len(ids) >= model.context_limit:
                reason = FinishReason.LENGTH
                break
        ended = time.perf_counter()
        self._held = prompt + ids
        decode_s = ended - (first or ended)
        yield Finished(
            reason=reason,
            text=texts[Channel.ANSWER],
            reasoning=texts[Channel.REASONING],
            token_ids=(*request.begun, *ids),
            prompt_token_ids=tuple(prompt),
            usage=Usage(len(prompt), cached, len(ids)),
            timings=Timings(
                load_s=model.load_s,
                ttft_s=(first or ended) - started,
                prefill_tokens_per_s=0.0,
                decode_tokens_per_s=(len(ids) - 1) / decode_s if decode_s > 0 and ids else 0.0,
            ),
            seed=request.sampling.seed if request.sampling.seed is not None else secrets.randbits(32),
            logprobs=(),
            last_step=LastStep(_LAST_LOGITS, prompt, ids[:-1], frozenset(), model.tokenizer.token_text),
        )
