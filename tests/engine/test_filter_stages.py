"""What each filter leaves of a step: numbers worked out by hand, and the sampler's own distribution."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.sampling_oracle import distribution
from tui.engine.candidates import LastStep, Stage
from tui.engine.events import Finished, TextDelta
from tui.engine.filter_stages import filter_stages
from tui.engine.generate import GenerationRequest, generate
from tui.engine.language_model import LanguageModel
from tui.engine.sampling_params import SamplingParams

OFF = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0}


def step_of(logits: list[float], prompt: list[int] = [], answer: list[int] = []) -> LastStep:  # noqa: B006
    return LastStep(np.array(logits, np.float32), prompt, answer, frozenset(), lambda token: f"<{token}>")


# 40, 30, 20 and 10 per cent.
FOUR = step_of([math.log(each) for each in (4, 3, 2, 1)])


def shares(stage: Stage) -> dict[int, float]:
    return {each.token_id: round(each.probability, 4) for each in stage.top}


def test_each_filter_leaves_what_one_works_out_by_hand():
    params = SamplingParams(temperature=0.5, top_k=3, min_p=0.3, top_p=0.5)
    stages = filter_stages(FOUR, params)
    assert [(each.name, each.value, each.left) for each in stages] == [
        ("penalties", "", 4),
        ("top_k", "3", 3),
        ("temperature", "0.5", 3),
        ("min_p", "0.3", 2),
        ("top_p", "0.5", 1),
    ]
    assert [shares(each) for each in stages] == [
        {0: 0.4, 1: 0.3, 2: 0.2, 3: 0.1},
        {0: 0.4444, 1: 0.3333, 2: 0.2222},
        {0: 0.5517, 1: 0.3103, 2: 0.1379},  # 16, 9 and 4 of 29
        {0: 0.64, 1: 0.36},  # 4 is less than 0.3 times 16
        {0: 1.0},  # 16 of 29 are more than half
    ]
    assert [each.text for each in stages[0].top] == ["<0>", "<1>", "<2>", "<3>"]


def test_penalties_come_first():
    # 0 and 1 were in the prompt, 1 in the answer: 4 and 3 become 4 / 2 - 0 and 3 / 2 - 0.5.
    step = step_of([4.0, 3.0, 2.0], prompt=[0], answer=[1])
    stages = filter_stages(step, SamplingParams(repetition_penalty=2.0, presence_penalty=0.5))
    assert stages[0].value == "2, 0.5"
    total = math.exp(2) + math.exp(1) + math.exp(2)
    assert shares(stages[0]) == {
        0: round(math.exp(2) / total, 4),
        2: round(math.exp(2) / total, 4),
        1: round(math.exp(1) / total, 4),
    }


def test_at_temperature_0_only_the_best_one_is_left():
    stages = filter_stages(FOUR, SamplingParams(temperature=0.0, top_k=3))
    assert [(each.name, each.left) for each in stages] == [("penalties", 4), ("greedy", 1)]
    assert shares(stages[-1]) == {0: 1.0}


def test_as_many_tokens_are_named_as_asked_for_and_none_that_cannot_come():
    assert [len(each.top) for each in filter_stages(FOUR, SamplingParams(top_k=1), top=2)] == [2, 1, 1, 1, 1]
    barred = step_of([1.0, -math.inf, 0.0])
    assert list(shares(filter_stages(barred, SamplingParams())[0])) == [0, 2]


@given(
    # Quarters: what differs at all differs in f32, too.
    st.lists(st.integers(-80, 80).map(lambda quarters: quarters / 4), min_size=2, max_size=12),
    st.fixed_dictionaries(
        {
            "temperature": st.sampled_from([0.0, 0.3, 1.0, 1.7]),
            "top_k": st.integers(0, 12),
            "min_p": st.sampled_from([0.0, 0.05, 0.5, 1.0]),
            "top_p": st.sampled_from([0.0, 0.3, 0.9, 1.0]),
            "repetition_penalty": st.sampled_from([1.0, 1.3]),
            "frequency_penalty": st.sampled_from([0.0, 0.7]),
        }
    ),
    st.lists(st.integers(0, 1), max_size=4),
)
def test_every_stage_sums_to_1_and_the_last_one_is_what_is_drawn_from(logits, values, answer):
    params = SamplingParams(**values)
    stages = filter_stages(step_of(logits, [1], answer), params, top=12)
    for stage in stages:
        assert math.fsum(each.probability for each in stage.top) == pytest.approx(1, abs=1e-5)
    expected = distribution(logits, params, [1], answer)
    drawn = {each.token_id: each.probability for each in stages[-1].top}
    for token in {*expected, *drawn}:
        assert drawn.get(token, 0.0) == pytest.approx(expected.get(token, 0.0), abs=1e-4)


def finished(model: LanguageModel, cancel: threading.Event | None = None, **sampling: Any) -> Finished:
    params = SamplingParams(**{"max_tokens": 6, "ignore_eos": True, **sampling})
    request = GenerationRequest(prompt="A tiny model says", sampling=params)
    for event in generate(model, request, cancel):
        if cancel is not None and isinstance(event, TextDelta):
            cancel.set()
    assert isinstance(event, Finished)
    return event


@pytest.fixture(scope="module")
def model(tiny_model):
    with LanguageModel.load(tiny_model("llama"), "CPU") as loaded:
        yield loaded


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_an_answer_ends_with_what_its_last_token_was_chosen_from(model, temperature):
    end = finished(model, temperature=temperature, top_k=3, seed=1, frequency_penalty=0.5)
    step = end.last_step
    assert list(step.prompt_ids) == list(end.prompt_token_ids)
    assert list(step.answer_ids) == list(end.token_ids[:-1])
    left = filter_stages(step, SamplingParams(temperature=temperature, top_k=3, frequency_penalty=0.5))[-1]
    assert end.token_ids[-1] in [each.token_id for each in left.top]
    assert left.top[0].text == model.tokenizer.token_text(left.top[0].token_id)


def test_the_step_is_that_of_the_last_token_where_the_next_one_was_cancelled(model):
    end = finished(model, threading.Event(), temperature=0.0, max_tokens=50)
    assert 0 < len(end.token_ids) < 50
    assert filter_stages(end.last_step, SamplingParams(temperature=0.0))[-1].top[0].token_id == end.token_ids[-1]
