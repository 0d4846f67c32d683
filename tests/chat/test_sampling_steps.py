"""What one press of an arrow key does to a sampling value."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.chat.sampling_steps import stepped
from tui.engine.sampling_params import RANGES, SamplingParams, checked


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("temperature", [0.0, 0.1, 0.2, 0.3]),
        ("top_p", [0.9, 0.95, 1.0]),
        ("min_p", [0.0, 0.01, 0.02]),
        ("repetition_penalty", [0.05, 0.1, 0.15]),
        ("presence_penalty", [-0.1, 0.0, 0.1]),
        ("top_k", [30, 40, 50]),
        ("min_tokens", [0, 16, 32]),
        ("max_tokens", [65536, 131072, None]),
        ("seed", [None, 0, 1]),
    ],
)
def test_up_and_down_again(name: str, values: list[Any]) -> None:
    for low, high in pairwise(values):
        assert stepped(name, low, 1) == high
        assert stepped(name, high, -1) == low


@pytest.mark.parametrize(
    ("name", "value", "direction", "after"),
    [
        ("temperature", 0.64, 1, 0.7),
        ("temperature", 0.64, -1, 0.6),
        ("temperature", 2.0, 1, 2.0),
        ("temperature", 0.0, -1, 0.0),
        ("repetition_penalty", 0.05, -1, 0.05),
        ("top_k", 45, 1, 50),
        ("top_k", 45, -1, 40),
        ("top_k", 5000, 1, 5000),
        ("top_k", 0, -1, 0),
        ("max_tokens", 5, -1, 16),
        ("max_tokens", None, 1, None),
        ("seed", None, -1, None),
        ("seed", 2**63 - 1, 1, 2**63 - 1),
        ("stop", ("a",), 1, ("a",)),
    ],
)
def test_from_between_two_and_at_the_ends(name: str, value: Any, direction: int, after: Any) -> None:
    assert stepped(name, value, direction) == after


@given(st.data(), st.sampled_from([name for name in RANGES if name != "logprobs"]), st.sampled_from([-1, 1]))
def test_every_step_is_a_value_that_may_be_and_goes_that_way(data: st.DataObject, name: str, direction: int) -> None:
    allowed = RANGES[name]
    high = min(allowed.high, 10**6)
    numbers: st.SearchStrategy[Any] = (
        st.integers(int(allowed.low), int(high))
        if allowed.integer
        else st.floats(allowed.low, high, exclude_min=allowed.above).map(
            lambda value: round(value, 4) or allowed.low or 1
        )
    )
    value = data.draw(numbers)
    after = stepped(name, value, direction)
    if after is not None:
        assert checked(name, after) == after
        SamplingParams(**{name: after} if name != "min_tokens" else {"min_tokens": after, "max_tokens": None})
        if name not in ("max_tokens", "repetition_penalty"):  # their lowest step is above their lowest value
            assert (after - value) * direction >= 0
