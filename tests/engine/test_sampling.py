from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.engine.sampling_oracle import distribution
from tui.engine.errors import BadLogits, BadParameter, BadToken
from tui.engine.sampling import Sampler, SamplingParams


def log(*probabilities):
    return np.log(np.array(probabilities, dtype=np.float64)).astype(np.float32)


def f32(*values):
    return np.array(values, dtype=np.float32)


class Evenly:
    """Stands in for the random numbers: the middle of each of `count` equal parts, one after the other."""

    def __init__(self, part, count):
        self.value = (part + 0.5) / count

    def random(self):
        return self.value


def counts(params, logits, prompt=(), answer=(), stop_ids=(), count=400):
    """Token id -> how many of `count` evenly spread numbers choose it after `answer`: count times its probability."""
    drawn = dict.fromkeys(range(logits.size), 0)
    for part in range(count):
        sampler = Sampler(params, prompt, stop_ids, logits.size, seed=0)
        for token in answer:
            assert sampler.sample(forcing(token, logits.size)).token_id == token
        sampler._random = Evenly(part, count)
        drawn[sampler.sample(logits).token_id] += 1
    return drawn


def forcing(token, size):
    logits = np.full(size, -1e30, dtype=np.float32)
    logits[token] = 1e30
    return logits


def greedy(logits, prompt=(), stop_ids=(), **params):
    return Sampler(SamplingParams(temperature=0, **params), prompt, stop_ids, len(logits)).sample(f32(*logits)).token_id


P = log(0.40, 0.20, 0.15, 0.10, 0.08, 0.07)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        # Measured with openvino.genai 2026.4.1 on this distribution.
        ({"top_k": 3, "top_p": 0.75}, {0: 2 / 3, 1: 1 / 3}),
        ({"temperature": 0.5, "top_p": 0.6}, {0: 1.0}),
        ({"temperature": 2, "min_p": 0.6}, {0: 0.4311, 1: 0.3049, 2: 0.2640}),
        ({"min_p": 0.2, "top_p": 0.7}, {0: 0.5333, 1: 0.2667, 2: 0.2}),
        ({"top_p": 0.59}, {0: 2 / 3, 1: 1 / 3}),
        ({"top_k": 1}, {0: 1.0}),
        ({"top_k": 6}, dict(enumerate([0.4, 0.2, 0.15, 0.1, 0.08, 0.07]))),
        ({"top_p": 0.0}, {0: 1.0}),
        ({"logit_bias": {5: 100}}, {5: 1.0}),
    ],
)
def test_what_can_be_drawn_and_how_often(params, expected):
    drawn = counts(SamplingParams(**params), P, count=1000)
    assert {token for token, count in drawn.items() if count} == set(expected)
    for token, share in expected.items():
        assert drawn[token] == pytest.approx(1000 * share, abs=1.1)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_all_processors_together_agree_with_the_definition(data):
    size = data.draw(st.integers(2, 12))
    token = st.integers(0, size - 1)
    logits = [n / 8 for n in data.draw(st.lists(st.integers(-40, 40), min_size=size, max_size=size))]
    params = SamplingParams(
        temperature=data.draw(st.sampled_from([0, 0.3, 1, 1.7])),
        top_k=data.draw(st.sampled_from([0, 1, 3, 100])),
        # Odd numbers: float32 and float64 differ on whether a sum is exactly at a round one.
        top_p=data.draw(st.sampled_from([1, 0.7919, 0.0613])),
        min_p=data.draw(st.sampled_from([0, 0.0613])),
        repetition_penalty=data.draw(st.sampled_from([1, 1.37, 0.71])),
        presence_penalty=data.draw(st.sampled_from([0, 0.53, -0.31])),
        frequency_penalty=data.draw(st.sampled_from([0, 0.47, -0.29])),
        logit_bias=data.draw(st.dictionaries(token, st.sampled_from([-100, 1.03]), max_size=2)),
        min_tokens=data.draw(st.sampled_from([0, 3])),
    )
    prompt = data.draw(st.lists(token, max_size=4))
    stop_ids = data.draw(st.sets(token, max_size=min(2, size - 1)))
    answer = data.draw(st.lists(token.filter(lambda each: each not in stop_ids), max_size=4))

    expected = distribution(logits, params, prompt, answer, stop_ids)
    drawn = counts(params, f32(*logits), prompt, answer, stop_ids, count=200)
    for each in range(size):
        assert drawn[each] == pytest.approx(200 * expected.get(each, 0), abs=1.1 if each in expected else 0)


def test_greedy_ties_go_to_the_lowest_id():
    assert greedy([1, 3, 3, 2, 3]) == 1
    assert greedy([0] * 500) == 0


def test_greedy_goes_through_the_processors():
    assert greedy([3, 2], logit_bias={0: -1.5}) == 1
    assert greedy([3, 2], stop_ids=[0], min_tokens=1) == 1
    assert greedy([3, 2], prompt=[0], repetition_penalty=2) == 1
    assert greedy([3, 2], prompt=[0], presence_penalty=2, frequency_penalty=2) == 0


def test_stop_tokens_come_when_min_tokens_are_there():
    sampler = Sampler(SamplingParams(temperature=0, min_tokens=3), [], [1, 2], 3)
    assert [sampler.sample(f32(0, 2, 1)).token_id for _ in range(5)] == [0, 0, 0, 1, 1]


def test_frequency_grows_with_every_repetition():
    sampler = Sampler(SamplingParams(temperature=0, frequency_penalty=1), [], [], 2)
    # 2.5, 1.5, 0.5 against 1: the third time the other one is ahead, then both sink in turn.
    assert [sampler.sample(f32(2.5, 1)).token_id for _ in range(5)] == [0, 0, 1, 0, 1]


def test_a_thousand_different_tokens_are_all_penalised():
    sampler = Sampler(SamplingParams(temperature=0, presence_penalty=2), [], [], 1000)
    logits = np.linspace(1, 0, 1000, dtype=np.float32)
    assert [sampler.sample(logits).token_id for _ in range(1001)] == [*range(1000), 0]


@pytest.mark.parametrize(
    "params",
    [
        {"logit_bias": {1: 5}},
        {"min_tokens": 9},
        {"repetition_penalty": 1.2, "presence_penalty": 1, "frequency_penalty": 1},
        {"top_k": 2, "top_p": 0.9, "min_p": 0.1, "temperature": 0.5, "logprobs": 3},
        {"temperature": 0, "logprobs": 3},
        {},
    ],
)
def test_the_models_logits_are_neither_written_to_nor_kept(params):
    logits = np.linspace(-5, 5, 64, dtype=np.float32)
    before = logits.copy()
    sampler = Sampler(SamplingParams(**params, seed=1), [1, 2, 3], [7], 64)
    again = Sampler(SamplingParams(**params, seed=1), [1, 2, 3], [7], 64)
    logits.flags.writeable = False
    chosen = [sampler.sample(logits) for _ in range(20)]
    assert np.array_equal(logits, before)
    for expected in chosen:
        scratch = before.copy()
        assert again.sample(scratch) == expected
        scratch.fill(np.nan)


def test_the_same_seed_gives_the_same_tokens_and_is_told():
    one = Sampler(SamplingParams(seed=42), [], [], 6)
    two = Sampler(SamplingParams(), [], [], 6, seed=42)
    other = Sampler(SamplingParams(seed=42), [], [], 6, seed=43)
    assert (one.seed, two.seed, other.seed) == (42, 42, 43)
    tokens = [one.sample(P).token_id for _ in range(200)]
    assert tokens == [two.sample(P).token_id for _ in range(200)]
    assert tokens != [other.sample(P).token_id for _ in range(200)]


def test_a_seed_means_the_same_on_every_machine():
    sampler = Sampler(SamplingParams(seed=7), [], [], 6)
    assert [sampler.sample(P).token_id for _ in range(12)] == [0, 0, 2, 0, 1, 0, 0, 1, 0, 1, 0, 0]


def test_without_a_seed_every_sampler_takes_its_own():
    seeds = {Sampler(SamplingParams(), [], [], 6).seed for _ in range(20)}
    assert len(seeds) == 20
    assert all(0 <= seed < 2**32 for seed in seeds)


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5])
def test_a_bad_seed_is_refused(seed):
    with pytest.raises(BadParameter, match="seed is"):
        Sampler(SamplingParams(), [], [], 6, seed=seed)


def test_the_draws_follow_the_distribution_within_one_answer_and_over_seeds():
    expected = [0.40, 0.20, 0.15, 0.10, 0.08, 0.07]
    sampler = Sampler(SamplingParams(seed=3), [], [], 6)
    within = [sampler.sample(P).token_id for _ in range(5000)]
    over = [Sampler(SamplingParams(seed=seed), [], [], 6).sample(P).token_id for seed in range(5000)]
    for tokens in (within, over):
        assert stats.chisquare(np.bincount(tokens, minlength=6), 5000 * np.array(expected)).pvalue > 0.001


def test_a_large_vocabulary_is_drawn_from_right():
    random = np.random.default_rng(5)
    logits = random.normal(0, 1, 20_000).astype(np.float32)
    p = np.exp(logits.astype(np.float64))
    p /= p.sum()
    sampler = Sampler(SamplingParams(seed=3), [], [], 20_000)
    tokens = np.array([sampler.sample(logits).token_id for _ in range(4000)])
    expected = np.add.reduceat(p, np.arange(0, 20_000, 500)) * 4000
    assert stats.chisquare(np.bincount(tokens // 500, minlength=40), expected).pvalue > 0.001


def test_logprobs_are_those_of_the_raw_logits():
    params = SamplingParams(temperature=0.3, top_k=1, logit_bias={3: 100}, repetition_penalty=1.5, logprobs=2)
    sampled = Sampler(params, [0, 1], [], 6).sample(P + 3)
    assert sampled.token_id == 3
    assert sampled.logprob == pytest.approx(math.log(0.10), abs=1e-5)
    assert [token for token, _ in sampled.top_logprobs] == [0, 1]
    assert [math.exp(logprob) for _, logprob in sampled.top_logprobs] == pytest.approx([0.4, 0.2], abs=1e-5)


def test_logprobs_zero_is_the_chosen_token_alone_and_none_is_none():
    assert Sampler(SamplingParams(logprobs=0), [], [], 6).sample(P).top_logprobs == ()
    assert Sampler(SamplingParams(logprobs=0, temperature=0), [], [], 6).sample(P).logprob == pytest.approx(
        math.log(0.4), abs=1e-5
    )
    assert Sampler(SamplingParams(), [], [], 6).sample(P).logprob is None


def test_impossible_tokens_are_no_alternatives():
    sampled = Sampler(SamplingParams(logprobs=5), [], [], 4).sample(f32(-np.inf, 1, -np.inf, 1))
    assert sampled.top_logprobs == ((1, pytest.approx(math.log(0.5))), (3, pytest.approx(math.log(0.5))))


@pytest.mark.parametrize("params", [{"temperature": 0}, {}, {"top_k": 1}, {"top_p": 0.5}, {"min_p": 0.5}])
@pytest.mark.parametrize(
    ("logits", "sentence"),
    [
        ([1, np.nan, 2], "has NaN in it"),
        ([np.nan] * 3, "has NaN in it"),
        ([1, 2, np.inf], "has infinity in it"),
        ([-np.inf] * 3, "allows no token at all"),
    ],
)
def test_broken_logits_are_an_error_and_not_garbage(params, logits, sentence):
    with pytest.raises(BadLogits, match=sentence):
        Sampler(SamplingParams(**params), [], [], 3).sample(f32(*logits))


@pytest.mark.parametrize("params", [{"temperature": 0}, {}, {"top_k": 2, "top_p": 0.9}])
def test_one_possible_token_is_taken(params):
    sampler = Sampler(SamplingParams(**params), [], [], 4)
    assert {sampler.sample(f32(-np.inf, -np.inf, -50, -np.inf)).token_id for _ in range(20)} == {2}


@pytest.mark.parametrize("params", [{"temperature": 0}, {}, {"top_k": 2}])
def test_min_tokens_that_leave_nothing_are_an_error(params):
    with pytest.raises(BadLogits, match="No token is left to choose"):
        Sampler(SamplingParams(min_tokens=1, **params), [], [0, 2], 3).sample(f32(1, -np.inf, 1))


def test_ids_outside_the_vocabulary_are_refused():
    with pytest.raises(BadParameter, match="logit_bias has the token id 6, it must be between 0 and 5"):
        Sampler(SamplingParams(logit_bias={6: 1}), [], [], 6)
    for token in (6, -1):
        with pytest.raises(BadToken, match=f"The prompt has the token {token}, which is outside"):
            Sampler(SamplingParams(repetition_penalty=1.1), [0, token, 3], [], 6)
    with pytest.raises(ValueError, match="shape"):
        Sampler(SamplingParams(), [], [], 6).sample(f32(1, 2))


def test_stop_ids_that_the_model_cannot_generate_are_passed_over():
    sampler = Sampler(SamplingParams(temperature=0, min_tokens=1), [], [50_256, 1, -1], 3)
    assert sampler.sample(f32(0, 2, 1)).token_id == 2


def test_a_prompt_may_be_an_array():
    logits = f32(0.9, 1)
    assert greedy(logits, prompt=np.array([1, 1]), repetition_penalty=1.2) == 0
