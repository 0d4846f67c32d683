"""A scripted engine: answers without a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from tests.scripted import ScriptedModel
from tui.chat.session import ChatSession
from tui.engine.errors import OvchatError
from tui.engine.events import Event, Finished, PrefillProgress, TextDelta, Timings, Usage
from tui.engine.generate import GenerationRequest
from tui.engine.reasoning import Channel
from tui.engine.runner import GenerationJob, Job
from tui.engine.sampling_params import SamplingParams
from tui.engine.stopping import FinishReason


def finished(text: str, reason: FinishReason = FinishReason.STOP, tokens: int = 3, reasoning: str = "") -> Finished:
    return Finished(
        reason=reason,
        text=text,
        reasoning=reasoning,
        token_ids=tuple(range(tokens)),
        prompt_token_ids=(1, 2),
        usage=Usage(2, 1, tokens),
        timings=Timings(0.5, 0.25, 8.0, 100.0),
        seed=7,
        logprobs=(),
    )


def events(*pieces: str | tuple[Channel, str], reason: FinishReason = FinishReason.STOP) -> list[Event]:
    """The events of an answer; plain strings belong to the answer itself."""
    deltas = [
        TextDelta(piece, (0,), Channel.ANSWER) if isinstance(piece, str) else TextDelta(piece[1], (0,), piece[0])
        for piece in pieces
    ]
    text = "".join(each.text for each in deltas if each.channel is Channel.ANSWER)
    return [PrefillProgress(0, 2, 0), *deltas, finished(text, reason)]


@dataclass
class FakeTurn:
    events: list[Event]
    sampling: SamplingParams = field(default_factory=SamplingParams)
    sources: dict[str, str] = field(default_factory=lambda: {"max_tokens": "user"})
    notices: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def cancel(self) -> None:
        raise AssertionError("nobody pressed Ctrl+C")


class FakeSession(ChatSession):
    """A conversation with a scripted engine; an error in the script is what the answer fails with."""

    def __init__(self, script: list[Any], user_sampling: dict[str, Any]) -> None:
        self.script = script
        self.requests: list[GenerationRequest] = []
        runner: Any = SimpleNamespace(model=fake_model(), generation_config={}, generate=self._generate)
        super().__init__(runner=runner, user_sampling=lambda: user_sampling)

    @property
    def asked(self) -> list[str]:
        """The last thing said in each request."""
        return [request.messages[-1]["content"] for request in self.requests]

    @property
    def texts(self) -> list[str]:
        """What was said on the branch shown."""
        return [message.text for message in self.messages]

    def _generate(self, request: GenerationRequest) -> GenerationJob:
        self.requests.append(request)
        answer = self.script.pop(0)

        def work(job: GenerationJob) -> Any:
            if isinstance(answer, OvchatError):
                raise answer
            for event in answer if isinstance(answer, list) else events(answer):
                job.emit(event)
            return event

        job: GenerationJob = Job(work)
        job.run()
        return job


def fake_model(context_limit: int = 4096) -> Any:
    model = ScriptedModel("fake", context_limit=context_limit, kv_cache="", notices=("It runs oddly.",))
    model.backend.capabilities.selects_rows = False
    return model
