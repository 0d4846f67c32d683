"""Each processor against openvino.genai's own vectors (tests/cpp/logit_filtering.cpp) and hand-checked numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tui.engine.logits import (
    apply_frequency_penalty,
    apply_logit_bias,
    apply_min_tokens,
    apply_presence_penalty,
    apply_repetition_penalty,
    draw,
    keep_min_p,
    keep_top_p,
    largest,
    softmax_weights,
)

VECTOR = [0.090031, 0.244728, 0.665241]
FLOATS = st.floats(-20, 20, width=32) | st.sampled_from([0.0, 1.0, -np.inf])


def f32(*values):
    return np.array(values, dtype=np.float32)


def ids(*values):
    return np.array(values, dtype=np.int64)


def test_logit_bias_is_added():
    logits = f32(1, 2, -np.inf)
    apply_logit_bias(logits, ids(0, 2), f32(-100, 100))
    assert logits.tolist() == [-99, 2, -np.inf]


def test_min_tokens_makes_all_stop_ids_impossible():
    logits = f32(5, 1, 9)
    apply_min_tokens(logits, ids(0, 2))
    assert logits.tolist() == [-np.inf, 1, -np.inf]


@pytest.mark.parametrize(
    ("penalty", "logits", "seen", "expected"),
    [
        (1.2, [1, 2, 3], [2, 0], [0.8333333, 2, 2.5]),
        (2.0, [-1, 2, 3], [0, 1], [-2, 1, 3]),
        (0.5, [-1, 2, 3], [1], [-1, 4, 3]),
        (1e-300, [3, 0, -3], [0, 1, 2], [np.finfo(np.float32).max, 0, 0]),
        (2.0, [0, -0.0, -np.inf], [0, 1, 2], [0, 0, -np.inf]),
    ],
)
def test_repetition_penalty(penalty, logits, seen, expected):
    work = f32(*logits)
    apply_repetition_penalty(work, ids(*seen), penalty)
    assert work == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("penalty", "logits", "answer", "expected"),
    [
        (0.2, [1, 2, 3], [2, 0], [0.8, 2, 2.8]),
        # Where a logit is negative openvino.genai adds: -0.5 and -1.6 in the first place. OpenAI's rule subtracts.
        (0.5, [-1, 2, 3], [1, 0], [-1.5, 1.5, 3]),
        (-0.6, [-1, 2, 3], [0, 1], [-0.4, 2.6, 3]),
    ],
)
def test_presence_penalty(penalty, logits, answer, expected):
    work = f32(*logits)
    apply_presence_penalty(work, ids(*answer), penalty)
    assert work == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("penalty", "logits", "answer", "counts", "expected"),
    [
        (0.2, [1, 2, 3], [2, 0], [2, 1], [0.8, 2, 2.6]),
        (0.5, [-1, 2, 3], [1, 0], [1, 1], [-1.5, 1.5, 3]),
        (-0.6, [-1, 2, 3], [0, 1], [1, 2], [-0.4, 3.2, 3]),
    ],
)
def test_frequency_penalty(penalty, logits, answer, counts, expected):
    work = f32(*logits)
    apply_frequency_penalty(work, ids(*answer), f32(*counts), penalty)
    assert work == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("temperature", "logits", "expected"),
    [
        (1.0, [1, 2, 3], [0.090031, 0.244728, 0.665241]),
        (2.0, [3, 2, 1], [0.506480, 0.307195, 0.186323]),
        (1.0, [1e30, -1e30, -np.inf], [1, 0, 0]),
        (1e-300, [5, 4.999999, 5], [0.5, 0, 0.5]),
    ],
)
def test_temperature(temperature, logits, expected):
    weights = softmax_weights(f32(*logits), temperature)
    assert weights.max() == 1
    assert weights / weights.sum() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("k", "expected"), [(1, [2]), (2, [2, 1]), (5, [2, 1, 0]), (0, [])])
def test_top_k(k, expected):
    assert largest(f32(*VECTOR), k).tolist() == expected


@pytest.mark.parametrize(
    ("top_p", "expected"),
    [
        (0.2, {2}),
        (0.9, {1, 2}),
        (0.0, {2}),
        (0.99, {0, 1, 2}),
    ],
)
def test_top_p(top_p, expected):
    weights = f32(*VECTOR)
    assert set(keep_top_p(weights, top_p, float(weights.sum())).tolist()) == expected


def test_top_p_keeps_one_more_at_exactly_its_sum():
    weights = f32(0.5, 0.25, 0.125, 0.125)
    assert sorted(keep_top_p(weights, 0.75, 1.0).tolist()) == [0, 1, 2]
    assert sorted(keep_top_p(weights, 0.7499, 1.0).tolist()) == [0, 1]


def test_top_p_gives_ties_to_the_lowest_ids():
    assert sorted(keep_top_p(f32(0.125, 0.5, 0.125, 0.125, 0.125), 0.7, 1.0).tolist()) == [0, 1, 2]


def test_top_p_is_a_share_of_the_total_it_is_given():
    # What min_p took away counts: 0.5 of 1.25 is 0.625.
    assert sorted(keep_top_p(f32(0.5, 0.25), 0.5, 1.25).tolist()) == [0, 1]
    assert sorted(keep_top_p(f32(0.5, 0.25), 0.9, 1.25).tolist()) == [0, 1]


def test_min_p_is_inclusive():
    assert keep_min_p(f32(0.25, 1, 0.5, 0.49), 0.5).tolist() == [1, 2]
    assert keep_min_p(f32(0.25, 1, 0.5, 1), 1.0).tolist() == [1, 3]


@settings(deadline=None)
@given(arrays.arrays(np.float32, st.integers(1, 3000), elements=FLOATS), st.integers(1, 50))
def test_largest_is_a_stable_sort_by_value(values, k):
    expected = sorted(range(values.size), key=lambda index: (-values[index], index))[:k]
    assert largest(values, k).tolist() == expected


@settings(deadline=None)
@given(
    arrays.arrays(np.float32, st.integers(1, 2000), elements=st.sampled_from([0.0, 0.5, 1.0, 2.0, 1e-6, 3.0])),
    st.sampled_from([0.0, 0.1, 0.5, 0.9, 0.999]),
)
def test_top_p_keeps_the_shortest_prefix_above_it(weights, top_p):
    total = float(weights.sum(dtype=np.float64))
    kept = sorted(keep_top_p(weights, top_p, total).tolist())
    order = sorted(range(weights.size), key=lambda index: (-weights[index], index))
    sums = np.cumsum(weights[order].astype(np.float64))
    above = np.flatnonzero(sums > top_p * total)
    count = above[0] + 1 if above.size else weights.size
    assert kept == sorted(order[:count])


@pytest.mark.parametrize(
    ("uniform", "expected"),
    [(0.0, 1), (0.2499, 1), (0.25, 3), (0.5, 3), (0.749, 3), (0.75, 4), (1 - 2**-53, 4)],
)
def test_draw_takes_the_token_whose_share_holds_the_number(uniform, expected):
    assert draw(f32(0, 1, 0, 2, 1, 0), uniform) == expected


@settings(deadline=None)
@given(st.integers(1, 4000), st.floats(0, 1, exclude_max=True), st.integers(0, 2**32))
def test_draw_over_many_blocks_agrees_with_the_cumulative_sum_and_never_takes_what_has_no_weight(size, uniform, seed):
    random = np.random.default_rng(seed)
    weights = random.random(size, dtype=np.float32) * (random.random(size) < 0.3)
    weights[random.integers(size)] = 1
    index = draw(weights, uniform)
    sums = np.cumsum(weights, dtype=np.float64)
    assert weights[index] > 0
    assert sums[index] - weights[index] <= uniform * sums[-1] + 1e-3
    assert sums[index] >= uniform * sums[-1] - 1e-3
