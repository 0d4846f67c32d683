"""One answer under way: its own thread asks the engine, journals what comes, and keeps it for whoever shows it.

Nobody who looks at a turn holds it up: the screens fetch events at their own pace, the disk is written by the outbox.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from tui.chat.context import ChatMessage, means_the_same
from tui.chat.writing import Writing, difference
from tui.engine.errors import OvchatError
from tui.engine.events import Event, Finished, PrefillProgress, Resumed, TextDelta, Timings, Usage
from tui.engine.reasoning import begun_thinking
from tui.engine.sampling_params import SamplingParams
from tui.engine.stopping import FinishReason
from tui.store.records import Ended, Message

if TYPE_CHECKING:
    from tui.chat.outbox import Outbox
    from tui.engine.generate import GenerationRequest
    from tui.engine.language_model import LanguageModel
    from tui.engine.runner import GenerationJob, Runner

# At most 250 ms of an answer may be lost with the process. Beside this, which two looks at the tokens are enough for,
# it takes up to 50 ms until they are looked at, 1 ms to write them, and 2 to 80 ms for what is synced before.
JOURNAL_SECONDS = 0.09
_POLL_SECONDS = 0.5
_GATHER_SECONDS = 0.05
_SEED_BITS = 32
_COMMIT_SECONDS = 2.0  # the longest wait for the question to be on disk
_CANCEL_SECONDS = 0.05  # between two looks at whether it was cancelled

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a turn is to do.

    Attributes:
        answer: The message to write, with what it has already where it is continued.
        question: The user's message that it answers, where that is new.
        given: What the model is given.
        prompt: Raw text instead.
        sampling: The values in effect, without a drawn seed.
        sources: Who set each.
        notices: What had to be left out of the model's own values.
        seed: What the draws begin with; None for a fresh one.
        fresh: Compute from an empty sequence.
        expected: Token ids that a replay is compared with, and whether the model had ended them by itself.
    """

    answer: Message
    sampling: SamplingParams
    sources: Mapping[str, str]
    notices: tuple[str, ...]
    seed: int | None = None
    question: Message | None = None
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


class Turn:
    """An answer under way, or ended. Iterate over its events, or `drain` them; `cancel` from anywhere.

    Attributes:
        message_id: The message that is written.
        sampling: The values in effect.
        sources: Who set each of them: `default`, `app`, `model`, `user`, or a `SetBy`.
        notices: What had to be left out of the model's own values, one sentence each.
        done: It has ended, and the conversation has what came of it.
        error: What it failed with.
    """

    def __init__(
        self,
        plan: Plan,
        runner: Runner,
        outbox: Outbox | None,
        journal: Callable[[Message], None],
        settle: Callable[[Message | None, Finished | None], None],
    ) -> None:
        self.message_id = plan.answer.id
        self.sampling = plan.sampling
        self.sources = plan.sources
        self.notices = plan.notices
        self.done = False
        self.error: OvchatError | None = None
        self._plan = plan
        # Known before the engine is asked: an answer that is interrupted has it, too.
        self._seed = new_seed() if plan.seed is None else plan.seed
        self._runner = runner
        self._outbox = outbox
        self._journal = journal
        self._settle = settle
        self._prefill: PrefillProgress | None = None
        self._writing = Writing(plan.answer, time.monotonic())
        self._result: Finished | None = None
        self._events: deque[Event] = deque()
        self._changed = threading.Condition()
        self._cancelled = threading.Event()
        self._interrupted = False
        self._job: GenerationJob | None = None
        self._thread = threading.Thread(target=self._run, name="turn", daemon=True)

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def cancel(self, *, interrupted: bool = False) -> None:
        """Ask it to end, from any thread. What is there is kept.

        Args:
            interrupted: Nobody has stopped it, the process has to end: it is to be gone on with at the next start.
        """
        self._interrupted |= interrupted and not self._cancelled.is_set()
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
            writing = self._writing
            return TurnProgress(
                prefill=self._prefill,
                tokens=writing.tokens,
                tokens_per_s=writing.tokens_per_s,
                ttft_s=writing.ttft_s,
                thinking=writing.thinking,
                reasoning_tokens=writing.reasoning_tokens,
                reasoning_s=writing.reasoning_s,
                stopping=self._cancelled.is_set() and not self.done,
            )

    def message(self) -> Message:
        """The answer as it stands while it is written."""
        with self._changed:
            return self._writing.message()

    def drain(self) -> list[Event]:
        """The events since the last call, without waiting."""
        with self._changed:
            events = list(self._events)
            self._events.clear()
            return events

    def catch_up(self) -> Message:
        """The answer as it stands, for somebody who begins to look: `drain` then has only what comes after it."""
        with self._changed:
            self._events.clear()
            return self.message()

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
            self._wait_for_question()
            self._end(finished=self._generate())
        except OvchatError as error:
            self._end(error=error)
        except Exception as error:
            logger.exception("a turn failed")
            what = f"The answer failed in a way that was not foreseen ({type(error).__name__}: {error})."
            self._end(error=OvchatError(what, "The log has the details."))

    def _wait_for_question(self) -> None:
        """The engine is asked when the question is on disk; or where the disk fails or takes too long, in spite."""
        outbox, question = self._outbox, self._plan.question
        if outbox is None or question is None:
            return
        deadline = time.monotonic() + _COMMIT_SECONDS
        while not self._cancelled.is_set() and time.monotonic() < deadline and outbox.trouble is None:
            if outbox.wait(question, _CANCEL_SECONDS):
                return

    def _generate(self) -> Finished:
        model = self._runner.model
        if model is None:
            raise OvchatError("No model is loaded.", "Choose one first.")
        if self._cancelled.is_set():
            return self._nothing()
        with self._changed:
            self._writing.facts = replace(
                self._writing.facts,
                device=model.device,
                backend=model.backend.capabilities.name,
                precision=model.precision,
                sampling=asdict(self._plan.sampling),
                sources=dict(self._plan.sources),
                seed=self._seed,
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
                if not (new and self._writing.tokens):
                    # Until the engine begins with it, cancelling is not told by the job: it may wait behind a load.
                    idle = _CANCEL_SECONDS if self._prefill is None else _POLL_SECONDS
                    job.wait(max(0.0, journalled + JOURNAL_SECONDS - time.monotonic()) if new else idle)
                if self._writing.tokens:
                    # Nobody reads 800 tokens a second one by one, and each look takes the GIL from the engine.
                    job.wait_for_end(_GATHER_SECONDS)
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
                    self._journal(self.message())
                journalled, new = now, False

    def _request(self, model: LanguageModel) -> GenerationRequest:
        from tui.engine.generate import GenerationRequest  # OpenVINO and NumPy: half a second before the first paint

        plan = self._plan
        request = GenerationRequest(
            messages=plan.given,
            prompt=plan.prompt,
            sampling=replace(plan.sampling, seed=self._seed),
            fresh=plan.fresh,
        )
        answer = plan.answer
        if not (answer.text or answer.reasoning or answer.token_ids):
            return request
        if means_the_same(model, answer):
            return replace(request, begun=answer.token_ids)
        with self._changed:
            self._writing.forget_tokens()
        opened = model.template.render(plan.given)
        return replace(request, begun_text=begun_thinking(opened, answer.reasoning, answer.text, model.template.text))

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
                        begun = self._writing.resume(event)
                        self._events += begun
                        new |= bool(begun)
                    case TextDelta():
                        shown = self._writing.take(event, now)
                        if shown is not None:
                            self._events.append(shown)
                        new = True
            self._changed.notify_all()
        return new

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
            seed=self._seed,
            logprobs=(),
        )

    def _end(self, *, finished: Finished | None = None, error: OvchatError | None = None) -> None:
        with self._changed:
            message = self._came(finished, error)
        # Before anybody hears of the end: who does may ask the next question at once.
        try:
            self._settle(message, finished)
        except Exception:
            logger.exception("the end of a turn was not taken")
        with self._changed:
            if finished is not None:
                # Half a megabyte, of which a conversation keeps one: not with every answer that is shown.
                finished = replace(finished, last_step=None)
            self._result, self.error = finished, error
            if finished is not None:
                self._events.append(finished)
            # Who shows the answer may keep the turn: not with all that was said before, in each one again.
            self._plan, self._job = replace(self._plan, given=(), prompt=None), None
            self.done = True
            self._changed.notify_all()

    def _came(self, finished: Finished | None, error: OvchatError | None) -> Message | None:
        """The message that came of it; None where nothing did."""
        if finished is None:
            return self._writing.failed(error or OvchatError("The answer failed."))
        message = self._writing.completed(finished)
        if self._interrupted and finished.reason is FinishReason.CANCELLED:
            # Also where there is no word yet: the question waits for it.
            message = replace(message or self._writing.message(), ended=Ended.INTERRUPTED)
        if message is None or self._plan.expected is None:
            return message
        before, ended = self._plan.expected
        whole = ended and finished.reason is FinishReason.STOP
        differs_at = difference(before, message.token_ids, whole=whole)
        return replace(message, facts=replace(message.facts, differs_at=differs_at))


def new_seed() -> int:
    """A random seed, short enough to be read out and typed again."""
    return secrets.randbits(_SEED_BITS)
