"""One answer under way: its own thread asks the engine, journals what comes, and keeps it for whoever shows it.

Nobody who looks at a turn holds it up: the screens fetch events at their own pace, the disk is written by the outbox.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from tui.chat.context import ChatMessage
from tui.engine.errors import BadToken, OvchatError
from tui.engine.events import Event, Finished, PrefillProgress, Resumed, TextDelta, Timings, Usage
from tui.engine.reasoning import Channel, begun_thinking
from tui.engine.sampling_params import SamplingParams
from tui.engine.stopping import FinishReason
from tui.store.records import Conversation, Ended, Message

if TYPE_CHECKING:
    from tui.chat.outbox import Outbox
    from tui.engine.generate import GenerationRequest
    from tui.engine.language_model import LanguageModel
    from tui.engine.runner import GenerationJob, Runner

# At most 250 ms of an answer may be lost with the process; the rest is for the disk.
JOURNAL_SECONDS = 0.2
_POLL_SECONDS = 0.5

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a turn is to do.

    Attributes:
        answer: The message to write, with what it has already where it is continued.
        question: The user's message that it answers, where that is new.
        conversation: To be stored with the question, before the engine is asked.
        given: What the model is given.
        prompt: Raw text instead.
        sampling: The values in effect, without a drawn seed.
        sources: Who set each.
        notices: What had to be left out of the model's own values.
        seed: What the draws begin with.
        fresh: Compute from an empty sequence.
        expected: Token ids that a replay is compared with, and whether they end where the model ended them.
    """

    answer: Message
    sampling: SamplingParams
    sources: Mapping[str, str]
    notices: tuple[str, ...]
    seed: int
    question: Message | None = None
    conversation: Conversation | None = None
    given: Sequence[ChatMessage] = ()
    prompt: str | None = None
    fresh: bool = False
    expected: tuple[tuple[int, ...], bool] | None = None


@dataclass(frozen=True, slots=True)
class TurnProgress:
    """How far a turn is.

    Attributes:
        prefill: The prompt, once the engine has begun with it.
        tokens: New tokens so far.
        tokens_per_s: Their speed since the first of them; 0 before the second.
        ttft_s: Seconds from the beginning of the turn to the first token; None before it.
        thinking: The latest text is thinking.
        reasoning_tokens: Tokens of the thinking.
        reasoning_s: Seconds the thinking has taken.
        stopping: It was cancelled and has not ended yet.
    """

    prefill: PrefillProgress | None = None
    tokens: int = 0
    tokens_per_s: float = 0.0
    ttft_s: float | None = None
    thinking: bool = False
    reasoning_tokens: int = 0
    reasoning_s: float = 0.0
    stopping: bool = False


@dataclass(slots=True)
class _Written:
    """What there is of the answer."""

    texts: dict[Channel, list[str]]
    token_ids: list[int]
    # Shown already, and coming again from the engine where an answer is continued.
    again: dict[Channel, str] = field(default_factory=dict)
    tokens: int = 0
    reasoning_tokens: int = 0
    channel: Channel | None = None
    first: float | None = None
    latest: float = 0.0
    thinking_since: float | None = None
    reasoning_s: float = 0.0

    def text(self, channel: Channel) -> str:
        parts = self.texts[channel]
        # Joined once, however often it is asked for.
        parts[:] = ["".join(parts)]
        return parts[0]

    def thinking_for(self, now: float) -> float:
        return self.reasoning_s + (now - self.thinking_since if self.thinking_since is not None else 0.0)


class Turn:
    """An answer under way, or ended. Iterate over its events, or `drain` them; `cancel` from anywhere.

    Attributes:
        message_id: The message that is written.
        question_id: The user's message that it answers.
        sampling: The values in effect.
        sources: Who set each of them: `default`, `app`, `model` or `user`.
        notices: What had to be left out of the model's own values, one sentence each.
        done: It has ended, and the conversation has what came of it.
        error: What it failed with.
    """

    def __init__(
        self, plan: Plan, runner: Runner, outbox: Outbox | None, settle: Callable[[Message | None], None]
    ) -> None:
        self.message_id = plan.answer.id
        self.question_id = plan.answer.parent
        self.sampling = plan.sampling
        self.sources = plan.sources
        self.notices = plan.notices
        self.done = False
        self.error: OvchatError | None = None
        self._plan = plan
        self._runner = runner
        self._outbox = outbox
        self._settle = settle
        self._started = time.monotonic()
        self._prefill: PrefillProgress | None = None
        answer = plan.answer
        self._written = _Written(
            {Channel.ANSWER: [answer.text], Channel.REASONING: [answer.reasoning]}, list(answer.token_ids)
        )
        self._by_tokens = not (answer.text or answer.reasoning)
        self._facts = answer.facts
        self._result: Finished | None = None
        self._events: deque[Event] = deque()
        self._changed = threading.Condition()
        self._cancelled = threading.Event()
        self._job: GenerationJob | None = None
        self._thread = threading.Thread(target=self._run, name="turn", daemon=True)

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def cancel(self) -> None:
        """Ask it to end, from any thread. What is there is kept."""
        self._cancelled.set()
        job = self._job
        if job is not None:
            job.cancel()

    @property
    def prefill(self) -> PrefillProgress | None:
        """How much of the prompt is computed."""
        return self._prefill

    def progress(self) -> TurnProgress:
        """How far it is."""
        with self._changed:
            written = self._written
            seconds = written.latest - (written.first or 0.0)
            return TurnProgress(
                prefill=self._prefill,
                tokens=written.tokens,
                tokens_per_s=(written.tokens - 1) / seconds if written.tokens > 1 and seconds > 0 else 0.0,
                ttft_s=None if written.first is None else written.first - self._started,
                thinking=written.thinking_since is not None,
                reasoning_tokens=written.reasoning_tokens,
                reasoning_s=written.thinking_for(time.monotonic()),
                stopping=self._cancelled.is_set() and not self.done,
            )

    def message(self) -> Message:
        """The answer as it stands while it is written."""
        with self._changed:
            return self._message(Ended.WRITING)

    def drain(self) -> list[Event]:
        """The events since the last call, without waiting."""
        with self._changed:
            events = list(self._events)
            self._events.clear()
            return events

    def __iter__(self) -> Iterator[Event]:
        """Events as they come, until it ends; raises what it failed with."""
        while True:
            with self._changed:
                while not self._events and not self.done:
                    # With a time limit, so that Ctrl+C arrives on every system.
                    self._changed.wait(_POLL_SECONDS)
                if not self._events:
                    break
                event = self._events.popleft()
            yield event
        if self.error is not None:
            raise self.error

    def wait(self, seconds: float) -> bool:
        """Wait for the end, at most so long; whether it has ended."""
        with self._changed:
            return self._changed.wait_for(lambda: self.done, seconds)

    def result(self) -> Finished:
        """Wait for the end.

        Raises:
            OvchatError: What it failed with.
        """
        while not self.wait(_POLL_SECONDS):
            pass
        if self.error is not None:
            raise self.error
        assert self._result is not None
        return self._result

    def _run(self) -> None:
        try:
            if self._outbox is not None:
                self._store_question(self._outbox)
            finished = self._generate()
        except OvchatError as error:
            self._end(self._failed(error), error=error)
        except Exception as error:
            logger.exception("a turn failed")
            unforeseen = OvchatError(
                f"The answer failed in a way that was not foreseen ({type(error).__name__}: {error}).",
                "The log has the details.",
            )
            self._end(self._failed(unforeseen), error=unforeseen)
        else:
            self._end(self._complete(finished), finished=finished)

    def _store_question(self, outbox: Outbox) -> None:
        plan = self._plan
        if plan.question is not None and plan.conversation is not None:
            # In this order: a message names its conversation, and the conversation then names the message.
            outbox.put(replace(plan.conversation, head=plan.question.parent))
            outbox.put(plan.question)
            outbox.commit(replace(plan.conversation, head=plan.question.id))
        outbox.put(plan.answer)
        if plan.conversation is not None:
            outbox.put(plan.conversation)

    def _generate(self) -> Finished:
        model = self._runner.model
        if model is None:
            raise OvchatError("No model is loaded.", "Choose one first.")
        with self._changed:
            self._facts = replace(
                self._facts,
                device=model.device,
                backend=model.backend.capabilities.name,
                precision=model.precision,
                sampling=asdict(self._plan.sampling),
                sources=dict(self._plan.sources),
                seed=self._plan.seed,
                error="",
                next_step="",
            )
        job = self._runner.generate(self._request(model))
        self._job = job
        if self._cancelled.is_set():  # before there was a job to tell
            job.cancel()
        journalled = time.monotonic()
        new = False
        while True:
            ended = job.done
            if not ended:
                job.wait(max(0.0, journalled + JOURNAL_SECONDS - time.monotonic()) if new else _POLL_SECONDS)
            events = job.drain()
            new |= self._take(events)
            if ended and not events:
                return job.result()
            if self._cancelled.is_set() and self._prefill is None and not ended:
                # It waits behind something long (a model that loads); it will find itself cancelled.
                return self._nothing()
            now = time.monotonic()
            if new and now >= journalled + JOURNAL_SECONDS:
                if self._outbox is not None:
                    self._outbox.put(self.message())
                journalled, new = now, False

    def _request(self, model: LanguageModel) -> GenerationRequest:
        from tui.engine.generate import GenerationRequest  # OpenVINO and NumPy: half a second before the first paint

        plan = self._plan
        request = GenerationRequest(
            messages=plan.given,
            prompt=plan.prompt,
            sampling=replace(plan.sampling, seed=plan.seed),
            fresh=plan.fresh,
        )
        answer = plan.answer
        if not (answer.text or answer.reasoning):
            return request
        if self._by_tokens_of(model, answer):
            self._by_tokens = True
            return replace(request, begun=answer.token_ids)
        with self._changed:
            # They are another model's: not one list with the new ones.
            self._written.token_ids.clear()
        opened = model.template.render(plan.given)
        return replace(request, begun_text=begun_thinking(opened, answer.reasoning, answer.text, model.template.text))

    def _by_tokens_of(self, model: LanguageModel, answer: Message) -> bool:
        """Whether the answer's tokens mean to this model what was written: then it goes on exactly where it was."""
        if not answer.token_ids:
            return False
        try:
            decoded = model.tokenizer.decode(answer.token_ids)
        except BadToken:
            return False
        return answer.text.strip() in decoded and answer.reasoning.strip() in decoded

    def _take(self, events: Sequence[Event]) -> bool:
        """Take events of the engine; True where there is something new to journal."""
        new = False
        now = time.monotonic()
        with self._changed:
            for event in events:
                match event:
                    case PrefillProgress():
                        self._prefill = event
                        self._events.append(event)
                    case Resumed():
                        self._resume(event)
                    case TextDelta():
                        new |= self._take_text(event, now)
            self._changed.notify_all()
        return new

    def _resume(self, resumed: Resumed) -> None:
        for channel, text in ((Channel.ANSWER, resumed.text), (Channel.REASONING, resumed.reasoning)):
            shown = self._written.text(channel)
            if shown.startswith(text):
                self._written.again[channel] = shown[len(text) :]

    def _take_text(self, delta: TextDelta, now: float) -> bool:
        written, channel = self._written, delta.channel
        written.tokens += len(delta.token_ids)
        if self._by_tokens:
            written.token_ids += delta.token_ids
        if written.first is None:
            written.first = now
        written.latest = now
        if channel is Channel.REASONING:
            written.reasoning_tokens += len(delta.token_ids)
            if written.thinking_since is None:
                written.thinking_since = now
        else:
            self._end_thinking(now)
        text, again = delta.text, written.again.pop(channel, "")
        if again.startswith(text):
            written.again[channel] = again[len(text) :]
            text = ""
        else:
            text = text.removeprefix(again)
        written.texts[channel].append(text)
        if text:
            self._events.append(replace(delta, text=text))
        return True

    def _end_thinking(self, now: float) -> None:
        written = self._written
        written.reasoning_s, written.thinking_since = written.thinking_for(now), None

    def _message(self, ended: Ended) -> Message:
        written, before = self._written, self._plan.answer.facts
        facts = replace(
            self._facts,
            reasoning_tokens=before.reasoning_tokens + written.reasoning_tokens,
            reasoning_s=before.reasoning_s + written.thinking_for(time.monotonic()),
        )
        return replace(
            self._plan.answer,
            text=written.text(Channel.ANSWER),
            reasoning=written.text(Channel.REASONING),
            token_ids=tuple(written.token_ids),
            ended=ended,
            facts=facts,
        )

    def _complete(self, finished: Finished) -> Message | None:
        """The message that came of it; None where nothing did."""
        with self._changed:
            self._end_thinking(self._written.latest)
            message = self._message(Ended(finished.reason.value))
        before = self._plan.answer
        text, reasoning = _longer(message.text, finished.text), _longer(message.reasoning, finished.reasoning)
        if finished.reason is not FinishReason.STOP:
            # A character of which a part is missing is none. Continued, it comes whole.
            text, reasoning = text.rstrip("\N{REPLACEMENT CHARACTER}"), reasoning.rstrip("\N{REPLACEMENT CHARACTER}")
        if finished.reason is FinishReason.CANCELLED and not (text or reasoning):
            return None
        usage = asdict(finished.usage)
        usage["completion_tokens"] += before.facts.usage.get("completion_tokens", 0)
        facts = replace(message.facts, usage=usage, timings=asdict(finished.timings), seed=finished.seed)
        token_ids = finished.token_ids if self._by_tokens and finished.token_ids else message.token_ids
        if self._plan.expected is not None:
            facts = replace(facts, differs_at=_difference(*self._plan.expected, token_ids, finished.reason))
        return replace(message, text=text, reasoning=reasoning, token_ids=token_ids, facts=facts)

    def _failed(self, error: OvchatError) -> Message:
        with self._changed:
            self._end_thinking(self._written.latest)
            message = self._message(Ended.ERROR)
        return replace(message, facts=replace(message.facts, error=error.sentence, next_step=error.next_step))

    def _nothing(self) -> Finished:
        """The end of a turn that was cancelled before the engine had begun with it."""
        return Finished(
            reason=FinishReason.CANCELLED,
            text=self._plan.answer.text,
            reasoning=self._plan.answer.reasoning,
            token_ids=(),
            prompt_token_ids=(),
            usage=Usage(0, 0, 0),
            timings=Timings(0.0, 0.0, 0.0, 0.0),
            seed=self._plan.seed,
            logprobs=(),
        )

    def _end(
        self, message: Message | None, *, finished: Finished | None = None, error: OvchatError | None = None
    ) -> None:
        # Before anybody hears of the end: who does may ask the next question at once.
        try:
            self._settle(message)
        except Exception:
            logger.exception("the end of a turn was not taken")
        with self._changed:
            self._result, self.error = finished, error
            if finished is not None:
                self._events.append(finished)
            self.done = True
            self._changed.notify_all()


def _longer(shown: str, whole: str) -> str:
    """The whole text, unless something that was shown is not in it: what was written is only ever added to."""
    return whole if whole.startswith(shown) else shown


def _difference(before: tuple[int, ...], complete: bool, again: tuple[int, ...], reason: FinishReason) -> int | None:
    """The first token in which a repeated answer differs; None: in none, as far as both go."""
    for place, (one, other) in enumerate(zip(before, again, strict=False)):
        if one != other:
            return place
    if len(again) > len(before) and complete:
        return len(before)
    if len(again) < len(before) and reason is not FinishReason.CANCELLED:
        return len(again)
    return None
