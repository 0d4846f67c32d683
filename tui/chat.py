"""One conversation with one model: what was said, and one turn at a time. Headless: every front end uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tui.engine.errors import OvchatError
from tui.engine.events import Event, Finished
from tui.engine.generate import GenerationRequest
from tui.engine.runner import GenerationJob, Runner
from tui.engine.sampling_params import SamplingParams
from tui.engine.sampling_resolve import resolve
from tui.engine.stopping import FinishReason

Message = dict[str, str]


@dataclass(frozen=True, slots=True)
class Turn:
    """An answer under way: iterate over its events, once; `cancel` from anywhere.

    Attributes:
        events: What the engine says of it; the conversation has the answer when they have ended.
        job: The engine's work on it.
        sampling: The values in effect.
        sources: Who set each of them: `default`, `app`, `model` or `user`.
        notices: What had to be left out of the model's own values, one sentence each.
    """

    events: Iterator[Event]
    job: GenerationJob
    sampling: SamplingParams
    sources: Mapping[str, str]
    notices: tuple[str, ...]

    def __iter__(self) -> Iterator[Event]:
        return self.events

    def cancel(self) -> None:
        self.job.cancel()


class ChatSession:
    """Turns of a conversation on the runner's loaded model.

    A turn that fails, or is cancelled before it said anything, leaves the conversation as it was.

    Args:
        runner: Holds the model.
        system: System prompt, or "".
        app_sampling: The app's values, by `SamplingParams` field.
        user_sampling: What the user asked for; it wins over the model's own values, which win over the app's.
    """

    def __init__(
        self,
        runner: Runner,
        *,
        system: str = "",
        app_sampling: Mapping[str, Any] | None = None,
        user_sampling: Mapping[str, Any] | None = None,
    ) -> None:
        self._runner = runner
        self._app_sampling = app_sampling or {}
        self._user_sampling = user_sampling or {}
        self.messages: list[Message] = [{"role": "system", "content": system}] if system else []

    def ask(self, text: str) -> Turn:
        """Say something."""
        return self._answer([*self.messages, {"role": "user", "content": text}])

    def regenerate(self) -> Turn:
        """Another answer to the last question, in place of the one that is there.

        Raises:
            OvchatError: Nothing was answered yet.
        """
        if not self.messages or self.messages[-1]["role"] != "assistant":
            raise OvchatError("There is no answer yet.", "Ask something first.")
        return self._answer(self.messages[:-1])

    def complete(self, text: str) -> Turn:
        """Go on with raw text, without template and without the conversation."""
        return self._start(iter, prompt=text)

    def _answer(self, messages: list[Message]) -> Turn:
        def keeping(job: Iterable[Event]) -> Iterator[Event]:
            for event in job:
                if isinstance(event, Finished) and (event.text or event.reason is not FinishReason.CANCELLED):
                    # Without the thinking: it is not part of what was said.
                    self.messages = [*messages, {"role": "assistant", "content": event.text}]
                yield event

        return self._start(keeping, messages=messages)

    def _start(self, follow: Callable[[Iterable[Event]], Iterator[Event]], **prompt: Any) -> Turn:
        model = self._runner.model
        if model is None:
            raise OvchatError("No model is loaded.", "Choose one with -m.")
        sampling, sources, notices = resolve(self._app_sampling, model.files.generation_config, self._user_sampling)
        job = self._runner.generate(GenerationRequest(sampling=sampling, **prompt))
        return Turn(follow(job), job, sampling, sources, notices)
