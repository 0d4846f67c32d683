"""Who set a sampling value, and why it does nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tui.chat.sampling_values import SetBy, no_effect, set_by, user_sampling
from tui.engine.sampling_params import SamplingParams
from tui.engine.sampling_resolve import resolve
from tui.store.settings import Settings

APP = {"temperature": 0.7, "top_k": 40}
SETTINGS = Settings({}, {"sampling.top_p": 0.8, "sampling.min_p": 0.1, "models.a.b.sampling.min_p": 0.2})


def test_the_users_values_for_a_model_win_over_those_for_all() -> None:
    assert user_sampling(SETTINGS, "a.b") == {"top_p": 0.8, "min_p": 0.2}
    assert user_sampling(SETTINGS, "a") == user_sampling(SETTINGS, "") == {"top_p": 0.8, "min_p": 0.1}


def test_everyone_who_can_set_a_value_is_told_apart() -> None:
    here = {"seed": 7, "stop": None}
    resolved = resolve(APP, {"temperature": 0.6}, {**user_sampling(SETTINGS, "a.b"), **here})
    by = {name: set_by(name, resolved, here, SETTINGS, "a.b") for name in resolved.sources}
    assert by["top_k"] is by["repetition_penalty"] is by["stop"] is SetBy.APP
    assert by["temperature"] is SetBy.MODEL
    assert by["top_p"] is SetBy.USER
    assert by["min_p"] is SetBy.FOR_MODEL
    assert by["seed"] is SetBy.CONVERSATION
    assert set_by("min_p", resolved, here, SETTINGS, "other") is SetBy.USER


@pytest.mark.parametrize(
    ("values", "unused", "because"),
    [
        ({"temperature": 0.0}, {"top_k", "top_p", "min_p", "seed"}, "temperature is 0"),
        ({"top_k": 1}, {"temperature", "top_p", "min_p", "seed"}, "top_k is 1"),
        ({"top_p": 0.0}, {"temperature", "top_k", "min_p", "seed"}, "top_p is 0"),
        ({"min_p": 1.0}, {"temperature", "top_k", "top_p", "seed"}, "min_p is 1"),
        ({"top_k": 2, "top_p": 0.1}, set(), ""),
    ],
)
def test_while_only_one_token_is_left_nothing_else_of_drawing_is_used(
    values: dict[str, Any], unused: set[str], because: str
) -> None:
    params = SamplingParams(**values)
    told = {name: no_effect(name, params) for name in SamplingParams.__dataclass_fields__}
    assert {name for name, why in told.items() if why} == unused
    assert all(why == f"not used while greedy: {because}" for why in told.values() if why)
