"""What is asked, as the tokens of a prompt, and the computing of those: for whoever generates or only scores."""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tui.engine.backend import Backend, Logits
from tui.engine.errors import BadText
from tui.engine.events import PrefillProgress
from tui.engine.language_model import LanguageModel, TextSide
from tui.engine.reasoning import opened_by
from tui.engine.sampling_params import SamplingParams


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


@dataclass(frozen=True, slots=True)
class Prompt:
    """The prompt's text and ids, the thinking tag that the template has opened, and the text in it that is answer."""

    text: str
    token_ids: NDArray[np.int64]
    thinking: str = ""
    begun_text: str = ""


def prompt_of(model: LanguageModel | TextSide, request: GenerationRequest) -> Prompt:
    """The prompt of a request.

    Raises:
        OvchatError: There is nothing in it, or the template rejects it.
    """
    prompt = _prompt(model, request)
    if not len(prompt.token_ids):
        raise BadText("The chat template or the tokenizer leaves nothing of the prompt.", "Write something else.")
    return prompt


def _prompt(model: LanguageModel | TextSide, request: GenerationRequest) -> Prompt:
    if request.prompt is not None:
        if not request.prompt:
            raise BadText("The prompt is empty.", "Write something to answer.")
        return Prompt(request.prompt, model.tokenizer.encode(request.prompt, add_special_tokens=True))
    if not request.messages:
        raise BadText("There is no message to answer.", "Write something to answer.")
    given = {"tools": request.tools, **request.template_values}
    text = model.template.render(request.messages, **given)
    whole = text
    if request.begun_text:
        whole = model.template.render_begun(request.messages, request.begun_text, **given)
    token_ids = model.tokenizer.encode(whole, add_special_tokens=model.template.plain)
    return Prompt(whole, token_ids, opened_by(text), whole.removeprefix(text))


def prefill(
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
