"""One conversation with one model: what was said, and one turn at a time. Headless: every front end uses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tui.engine.errors import OvchatError
from tui.engine.generate import Event, Finished, GenerationRequest
from tui.engine.runner import GenerationJob, Runner
from tui.engine.sampling_params import SamplingParams
from tui.engine.sampling_resolve import resolve


@dataclass(frozen=True, slots=True)
class Turn:
    """An answer under way: iterate over its events; `cancel` from anywhere.

    Attributes:
        job: The engine's work on it.
        sampling: The values in effect.
        sources: Who set each of them: `default`, `app`, `model` or `user`.
        notices: What had to be left out of the model's own values, one sentence each.
    """

    job: GenerationJob
    sampling: SamplingParams
    sources: Mapping[str, str]
    notices: tuple[str, ...]

    def __iter__(self) -> Iterator[Event]:
        return iter(self.job)

    def cancel(self) -> None:
        self.job.cancel()


class ChatSession:
    """Turns of a conversation on the runner's loaded model.

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
        self.messages: list[dict[str, str]] = [{"role": "system", "content": system}] if system else []

    def ask(self, text: str) -> Turn:
        """Say something. `answered` takes the answer into the conversation."""
        asked = [*self.messages, {"role": "user", "content": text}]
        turn = self._start(messages=asked)
        self.messages = asked
        return turn

    def complete(self, text: str) -> Turn:
        """Go on with raw text, without template and without the conversation."""
        return self._start(prompt=text)

    def answered(self, finished: Finished) -> None:
        """Keep an answer, without its thinking."""
        self.messages.append({"role": "assistant", "content": finished.text})

    def _start(self, **prompt: Any) -> Turn:
        model = self._runner.model
        if model is None:
            raise OvchatError("No model is loaded.", "Choose one with -m.")
        sampling, sources, notices = resolve(self._app_sampling, model.files.generation_config, self._user_sampling)
        job = self._runner.generate(GenerationRequest(sampling=sampling, **prompt))
        return Turn(job, sampling, sources, notices)
