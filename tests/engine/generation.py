"""One generation, run to its end."""

from __future__ import annotations

import threading
from typing import Any

from tui.engine.events import Event, Finished
from tui.engine.generate import GenerationRequest, generate
from tui.engine.language_model import LanguageModel
from tui.engine.sampling import SamplingParams


def events(model: LanguageModel, prompt: str, cancel: threading.Event | None = None, **sampling: Any) -> list[Event]:
    """All events of a greedy answer to a raw prompt."""
    values = {"temperature": 0.0, "ignore_eos": True, **sampling}
    return list(generate(model, GenerationRequest(prompt=prompt, sampling=SamplingParams(**values)), cancel))


def answer(model: LanguageModel, prompt: str, **sampling: Any) -> Finished:
    end = events(model, prompt, **sampling)[-1]
    assert isinstance(end, Finished)
    return end
