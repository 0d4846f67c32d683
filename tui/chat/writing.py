"""What there is of an answer while it is written: two channels of text, tokens, times; and the message it becomes."""

from __future__ import annotations

import time
from dataclasses import asdict, fields, replace

from tui.engine.errors import OvchatError
from tui.engine.events import Finished, Resumed, TextDelta
from tui.engine.reasoning import Channel
from tui.engine.sampling_params import SamplingParams
from tui.engine.sampling_resolve import Resolved
from tui.engine.stopping import FinishReason
from tui.store.records import Ended, Facts, Message

_INCOMPLETE = "\N{REPLACEMENT CHARACTER}"


class Writing:
    """One answer being written. Not thread-safe: whoever has it locks.

    Args:
        answer: The message, with what it has already where it is continued.
        began: `time.monotonic()` when it was asked for.

    Attributes:
        facts: How it comes about, as far as that is known.
        tokens: New tokens so far.
        reasoning_tokens: Those of them that are thinking.
    """

    def __init__(self, answer: Message, began: float) -> None:
        self.facts: Facts = answer.facts
        self.tokens = 0
        self.reasoning_tokens = 0
        self._answer = answer
        self._began = began
        self._texts = {Channel.ANSWER: [answer.text], Channel.REASONING: [answer.reasoning]}
        self._token_ids = list(answer.token_ids)
        self._keeps_tokens = True
        # Shown already, and coming again from the engine.
        self._again: dict[Channel, str] = {}
        self._first: float | None = None
        self._latest = began
        self._thinking_since: float | None = None
        self._reasoning_s = answer.facts.reasoning_s

    @property
    def ttft_s(self) -> float | None:
        """Seconds to the first text; None before it."""
        return None if self._first is None else self._first - self._began

    @property
    def tokens_per_s(self) -> float:
        """Speed since the first text; 0 before the second."""
        seconds = self._latest - (self._first or self._latest)
        return (self.tokens - 1) / seconds if self.tokens > 1 and seconds > 0 else 0.0

    @property
    def thinking(self) -> bool:
        """The latest text is thinking."""
        return self._thinking_since is not None

    @property
    def reasoning_s(self) -> float:
        """Seconds the thinking has taken."""
        now = time.monotonic()
        return self._reasoning_s + (now - self._thinking_since if self._thinking_since is not None else 0.0)

    def forget_tokens(self) -> None:
        """The answer has begun with another model's tokens: they and the new ones are not one list."""
        self._token_ids.clear()
        self._keeps_tokens = False

    def resume(self, resumed: Resumed) -> list[TextDelta]:
        """What of the answer is certain for the engine; what it held back of the rest it will say again.

        Returns:
            What of it nobody has seen: an answer may begin with tokens of another one.
        """
        unseen = []
        for channel, text in ((Channel.REASONING, resumed.reasoning), (Channel.ANSWER, resumed.text)):
            shown = self._text(channel)
            if shown.startswith(text):
                self._again[channel] = shown[len(text) :]
            elif text.startswith(shown):
                unseen.append(TextDelta(text[len(shown) :], (), channel))
                self._texts[channel].append(unseen[-1].text)
        return unseen

    def take(self, delta: TextDelta, now: float) -> TextDelta | None:
        """Take new text; what of it is to be shown, if anything."""
        self.tokens += len(delta.token_ids)
        if self._keeps_tokens:
            self._token_ids += delta.token_ids
        if self._first is None:
            self._first = now
        self._latest = now
        if delta.channel is Channel.REASONING:
            self.reasoning_tokens += len(delta.token_ids)
            if self._thinking_since is None:
                self._thinking_since = now
        else:
            self._end_thinking()
        text, again = delta.text, self._again.pop(delta.channel, "")
        if again.startswith(text):
            self._again[delta.channel] = again[len(text) :]
            return None
        text = text.removeprefix(again)
        self._texts[delta.channel].append(text)
        return replace(delta, text=text)

    def message(self, ended: Ended = Ended.WRITING) -> Message:
        """The message as it stands."""
        facts = replace(
            self.facts,
            reasoning_tokens=self._answer.facts.reasoning_tokens + self.reasoning_tokens,
            reasoning_s=self.reasoning_s,
        )
        return replace(
            self._answer,
            text=self._text(Channel.ANSWER),
            reasoning=self._text(Channel.REASONING),
            token_ids=tuple(self._token_ids),
            ended=ended,
            facts=facts,
        )

    def completed(self, finished: Finished) -> Message | None:
        """The message that came of it; None where it was cancelled before there was a word."""
        self._end_thinking()
        message = self.message(Ended(finished.reason.value))
        text, reasoning = _longer(message.text, finished.text), _longer(message.reasoning, finished.reasoning)
        if finished.reason is not FinishReason.STOP:
            # A character of which a part is missing is none. Continued, it comes whole.
            text, reasoning = text.rstrip(_INCOMPLETE), reasoning.rstrip(_INCOMPLETE)
        if finished.reason is FinishReason.CANCELLED and not (text or reasoning):
            return None
        usage = asdict(finished.usage)
        usage["completion_tokens"] += self._answer.facts.usage.get("completion_tokens", 0)
        return replace(
            message,
            text=text,
            reasoning=reasoning,
            token_ids=(finished.token_ids or message.token_ids) if self._keeps_tokens else (),
            facts=replace(message.facts, usage=usage, timings=asdict(finished.timings), seed=finished.seed),
        )

    def failed(self, error: OvchatError) -> Message:
        """The message of an answer that failed, with what there is of it."""
        self._end_thinking()
        message = self.message(Ended.ERROR)
        return replace(message, facts=replace(message.facts, error=error.sentence, next_step=error.next_step))

    def _text(self, channel: Channel) -> str:
        parts = self._texts[channel]
        # Joined once, however often it is asked for.
        parts[:] = ["".join(parts)]
        return parts[0]

    def _end_thinking(self) -> None:
        self._reasoning_s, self._thinking_since = self.reasoning_s, None


def sampling_of(facts: Facts) -> Resolved:
    """The values that an answer was made with.

    Raises:
        BadParameter: They are out of their ranges: the conversation was imported.
    """
    known = {each.name for each in fields(SamplingParams)}
    params = SamplingParams(**{name: value for name, value in facts.sampling.items() if name in known})
    return Resolved(params, dict(facts.sources), ())


def difference(before: tuple[int, ...], again: tuple[int, ...], *, whole: bool) -> int | None:
    """The first token in which a repeated answer differs, counted from 0; None: in none, as far as both go.

    Args:
        before: Tokens of the answer that is repeated.
        again: Those of its repetition.
        whole: Both ended by themselves; else one may just have gone on further.
    """
    for place, (one, other) in enumerate(zip(before, again, strict=False)):
        if one != other:
            return place
    return min(len(before), len(again)) if whole and len(before) != len(again) else None


def _longer(shown: str, whole: str) -> str:
    """The whole text, unless something that was shown is not in it: what was written is only ever added to."""
    return whole if whole.startswith(shown) else shown
