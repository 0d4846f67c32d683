"""What the model says of an answer that is there: against torch (tests/models/logprobs.py), whatever the backend."""

from __future__ import annotations

import itertools
import json
import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import MODELS
from tui.engine import scoring
from tui.engine.errors import Cancelled, ContextFull
from tui.engine.events import Finished
from tui.engine.generate import GenerationRequest, generate
from tui.engine.language_model import LanguageModel
from tui.engine.options import EngineOptions
from tui.engine.runner import Runner
from tui.engine.sampling import Sampled, SamplingParams
from tui.engine.scoring import score

TORCH = json.loads((MODELS / "logprobs.json").read_text())
IDS = [each["token_id"] for each in TORCH["tokens"]]
EXACT = {"precision": "f32", "kv_cache": "f32"}


@pytest.fixture(scope="module", params=[("paged", "llama"), ("stateful", "llama"), ("stateful", "llama-no-cache")])
def model(request: pytest.FixtureRequest, tiny_model: Callable[[str], Path]) -> Any:
    backend, name = request.param
    options = EngineOptions(backend=backend, **EXACT)
    with LanguageModel.load(tiny_model(name), "CPU", options) as loaded:
        yield loaded


def result(scored: Any) -> tuple[Sampled, ...]:
    """What the generator returns."""
    while True:
        try:
            next(scored)
        except StopIteration as end:
            return end.value


def prompt_of(model: LanguageModel) -> GenerationRequest:
    text = model.tokenizer.decode(TORCH["prompt_ids"])
    assert model.tokenizer.encode(text, add_special_tokens=True).tolist() == TORCH["prompt_ids"]
    return GenerationRequest(prompt=text)


def agrees_with_torch(scored: tuple[Sampled, ...]) -> bool:
    for one, expected in zip(scored, TORCH["tokens"], strict=True):
        assert one.token_id == expected["token_id"]
        assert one.logprob == pytest.approx(expected["logprob"], abs=3e-3)
        assert [token for token, _ in one.top_logprobs] == [token for token, _ in expected["top"]]
        assert [each for _, each in one.top_logprobs] == pytest.approx([each for _, each in expected["top"]], abs=3e-3)
    return True


def test_the_log_probabilities_are_those_of_torch(model):
    assert agrees_with_torch(result(score(model, prompt_of(model), IDS, 5)))


@pytest.mark.parametrize("rows", [1, 7])
def test_however_few_rows_there_is_room_for(model, rows, monkeypatch):
    most = 0
    step = model.backend.step

    def watched(sequence: int, tokens: Any, rows: int = 1, cancel: Any = None) -> Any:
        nonlocal most
        most = max(most, rows)
        return step(sequence, tokens, rows, cancel)

    monkeypatch.setattr(model.backend, "step", watched)
    monkeypatch.setattr(scoring, "_MOST_BYTES", rows * 4 * model.backend.vocab_size + 1)
    assert agrees_with_torch(result(score(model, prompt_of(model), IDS, 5)))
    assert most == rows


def test_an_answer_is_scored_as_it_was_when_it_was_generated(model):
    params = SamplingParams(temperature=1.0, seed=3, max_tokens=30, ignore_eos=True, logprobs=4)
    request = GenerationRequest(prompt="A tiny model says", sampling=params)
    *_, end = generate(model, request)
    assert isinstance(end, Finished)
    scored = result(score(model, request, end.token_ids, 4))
    assert [each.token_id for each in scored] == list(end.token_ids)
    np.testing.assert_allclose([each.logprob for each in scored], [each.logprob for each in end.logprobs], atol=2e-3)


def test_afterwards_the_conversation_goes_on_from_the_cache(model):
    params = SamplingParams(temperature=0.0, max_tokens=20, ignore_eos=True)
    request = GenerationRequest(prompt="A tiny model says", sampling=params)
    *_, first = generate(model, request)
    result(score(model, request, first.token_ids, 2))
    *_, more = generate(model, GenerationRequest(prompt=request.prompt, sampling=params, begun=first.token_ids))
    assert more.usage.cached_tokens == more.usage.prompt_tokens - 1
    *_, whole = generate(
        model, GenerationRequest(prompt=request.prompt, sampling=params, begun=first.token_ids, fresh=True)
    )
    assert more.token_ids == whole.token_ids


def test_progress_counts_prompt_and_answer(model, monkeypatch):
    monkeypatch.setattr(scoring, "_MOST_BYTES", 10 * 4 * model.backend.vocab_size)
    told = list(score(model, prompt_of(model), IDS, 1))
    assert {each.total for each in told[1:]} == {len(TORCH["prompt_ids"]) + len(IDS) - 1}
    assert [each.done for each in told[1:]] == list(
        itertools.islice(itertools.count(len(TORCH["prompt_ids"]), 10), len(told) - 1)
    )


def test_cancelled_between_two_tokens_it_ends(model):
    cancel = threading.Event()
    scored = score(model, prompt_of(model), IDS, 1, cancel)
    while next(scored).done < len(TORCH["prompt_ids"]):
        pass
    cancel.set()
    with pytest.raises(Cancelled):
        next(scored)


def test_what_is_longer_than_the_context_is_refused(model):
    with pytest.raises(ContextFull):
        result(score(model, prompt_of(model), [5] * model.context_limit, 1))


def test_the_engine_thread_scores_and_is_cancelled_within_100_ms(tiny_model):
    with Runner() as runner:
        loaded = runner.load(tiny_model("llama"), "CPU", EngineOptions(**EXACT)).result()
        assert agrees_with_torch(runner.score(prompt_of(loaded), IDS, 5).result())
        job = runner.score(prompt_of(loaded), IDS * (loaded.context_limit // len(IDS) - 1), 5)
        assert job.wait(20)
        began = time.monotonic()
        job.cancel()
        with pytest.raises(Cancelled):
            job.result()
        assert time.monotonic() - began < 1.0  # a tenth of that, where nobody else is on the machine


def test_a_token_that_cannot_come_has_no_chance():
    row = np.array([0.0, -np.inf, math.log(3)], np.float32)
    scored = scoring.with_logprobs(row, 1, 3)
    assert scored.logprob == -math.inf
    assert [token for token, _ in scored.top_logprobs] == [2, 0]
