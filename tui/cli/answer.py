"""An answer as it is generated: the text to standard output, thinking and progress to standard error."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable

from tui.chat.turn import Turn
from tui.cli import console
from tui.engine.events import Event, Finished, PrefillProgress, TextDelta
from tui.engine.language_model import LanguageModel
from tui.engine.reasoning import Channel
from tui.engine.stopping import FinishReason

_PROGRESS_SECONDS = 3.0

logger = logging.getLogger(__name__)


def show_answer(events: Iterable[Event], *, text: bool = True) -> Finished:
    """Print an answer while it comes, and return how it ended.

    The text is all that goes to standard output, with a new line at its end. Thinking is shown on standard error, and
    only where that is a terminal. Without `text` nothing but progress is shown.
    """
    printer = _Printer(text)
    logger.debug("generating")
    for event in events:
        match event:
            case PrefillProgress():
                printer.progress(event)
            case TextDelta(channel=Channel.REASONING):
                printer.thinking(event.text)
            case TextDelta():
                printer.answer(event.text)
            case Finished():
                printer.end()
                logger.debug("%s %s %s", event.reason, event.usage, event.timings)
                return event
    raise AssertionError("an answer ends with Finished")


class _Printer:
    def __init__(self, text: bool) -> None:
        self._text = text
        self._told = time.monotonic()
        self._thinking = False
        self._line_open = False

    def progress(self, event: PrefillProgress) -> None:
        now = time.monotonic()
        if now - self._told > _PROGRESS_SECONDS and console.is_terminal(sys.stderr):
            self._told = now
            console.aside(f"Reading the prompt: {event.done:,} of {event.total:,} tokens", dim=True)

    def thinking(self, text: str) -> None:
        if not self._text or not console.is_terminal(sys.stderr):
            return
        if not self._thinking:
            console.aside("Thinking:", dim=True)
            self._thinking = True
        console.aside(text, end="", dim=True)

    def answer(self, text: str) -> None:
        if not self._text or not text:
            return
        self._end_thinking()
        console.write(text)
        self._line_open = not text.endswith("\n")

    def end(self) -> None:
        self._end_thinking()
        if self._line_open:
            console.write("\n")

    def _end_thinking(self) -> None:
        if self._thinking:
            console.aside("\n")
            self._thinking = False


def cut_off(model: LanguageModel, turn: Turn, finished: Finished) -> list[str]:
    """A notice where the answer has no end that the user asked for."""
    if finished.reason is not FinishReason.LENGTH:
        return []
    limit = turn.sampling.max_tokens
    if limit is None or finished.usage.completion_tokens < limit:
        return [f"The answer is cut off: the context of {model.context_limit:,} tokens is full."]
    if turn.sources["max_tokens"] != "user":
        return [f"The answer is cut off: {limit:,} tokens are the most that the settings in effect allow."]
    if console.is_terminal(sys.stderr):  # Asked for: a reminder to somebody who looks, no noise in a script.
        return [f"The answer is cut off after {limit:,} tokens, as asked for (max_tokens)."]
    return []


def stats(title: str, model: LanguageModel, turn: Turn, finished: Finished) -> list[str]:
    """What `--stats` tells of a model, called `title`, and an answer, a line each."""
    usage, times = finished.usage, finished.timings
    backend = model.backend.capabilities
    kind = " ".join(filter(None, (model.files.architecture or model.files.model_type, model.files.weight_format)))
    drawn = f"seed {finished.seed}" if turn.sampling.temperature else "greedy"
    rows = "" if backend.selects_rows else ", logits of all rows (the head of this model was not recognised)"
    return [
        f"Model: {title} ({kind}), loaded in {times.load_s:.1f} s",
        f"Runs: on {model.device}, {backend.name}, precision {model.precision}, "
        f"KV cache {model.kv_cache or 'as the device likes'}, context {backend.context_limit:,} tokens{rows}",
        f"Chat template: {model.template.source}",
        f"Prompt: {usage.prompt_tokens:,} tokens, {usage.cached_tokens:,} of them cached; "
        f"first token after {times.ttft_s:.2f} s, {times.prefill_tokens_per_s:,.0f} tokens/s",
        f"Answer: {usage.completion_tokens:,} tokens, {times.decode_tokens_per_s:,.1f} tokens/s; "
        f"ended by {finished.reason}, {drawn}",
    ]
