from __future__ import annotations

from dataclasses import asdict, fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.engine.errors import BadParameter
from tui.engine.sampling_params import RANGES, SamplingParams, checked

NAN = float("nan")
INF = float("inf")


def test_the_defaults_leave_the_models_distribution_alone():
    params = SamplingParams()
    assert (params.temperature, params.top_k, params.top_p, params.min_p) == (1.0, 0, 1.0, 0.0)
    assert (params.repetition_penalty, params.presence_penalty, params.frequency_penalty) == (1.0, 0.0, 0.0)
    assert (params.logit_bias, params.stop, params.min_tokens, params.max_tokens) == ({}, (), 0, None)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("temperature", [0, 0.0, 1e-300, 2], [-0.1, 2.01, NAN, INF, "1", None, True, [1]]),
        ("top_k", [0, 1, 200_000, 2**31 - 1], [-1, 2**31, 10**30, 1.0, 2.5, "40", None, False]),
        ("top_p", [0, 0.5, 1], [-0.01, 1.01, NAN, None]),
        ("min_p", [0, 0.05, 1.0], [-0.01, 1.1, NAN, None]),
        ("repetition_penalty", [1e-300, 1, 1.3, 10], [0, -1, 10.5, NAN, INF, None]),
        ("presence_penalty", [-2, 0, 2], [-2.1, 2.1, NAN, None]),
        ("frequency_penalty", [-2, 0, 2], [-2.1, 2.1, NAN, None]),
        ("min_tokens", [0, 5, 2**31 - 1], [-1, 2**31, 10**30, 1.5, None]),
        ("max_tokens", [1, 5, 2**31 - 1, None], [0, 2**31, 10**30, -1, 1.5, "9"]),
        ("seed", [0, 7, 2**63 - 1, None], [-1, 2**63, 1.0]),
        ("logprobs", [0, 20, None], [-1, 21, 0.5, True]),
        ("ignore_eos", [True, False], [0, 1, "yes", None]),
        ("stop", [(), ["a"], "a", ("\n\n", "END")], ["", [""], ["a", ""], [1], 5, None, {"a": 1}]),
        ("logit_bias", [{}, {5: -100}, {0: 100.0}, {"7": 1}], [{-1: 1}, {1: 101}, {1: NAN}, {"x": 1}, {1: "2"}, [1]]),
    ],
)
def test_every_value_is_checked_and_the_error_names_field_and_value(name, good, bad):
    for value in good:
        SamplingParams(**{name: value})
    for value in bad:
        with pytest.raises(BadParameter, match=name):
            SamplingParams(**{name: value})


def test_every_field_has_a_check():
    for each in fields(SamplingParams):
        with pytest.raises(BadParameter, match=each.name):
            checked(each.name, object())


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("temperature", 3.5, "temperature is 3.5, it must be a number between 0 and 2."),
        ("top_k", -1, "top_k is -1, it must be a whole number between 0 and 2147483647."),
        ("repetition_penalty", 0, "repetition_penalty is 0, it must be a number above 0 and at most 10."),
        ("logprobs", 50, "logprobs is 50, it must be a whole number between 0 and 20."),
        ("stop", [""], "stop is [''], it must be a list of strings of at least one character each."),
        ("logit_bias", {9: 500}, "logit_bias of token 9 is 500, it must be a number between -100 and 100."),
    ],
)
def test_the_sentence_has_field_value_and_range(name, value, sentence):
    with pytest.raises(BadParameter) as caught:
        SamplingParams(**{name: value})
    assert caught.value.sentence == sentence


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(BadParameter, match=r"'temprature'.*There are: temperature, top_k"):
        checked("temprature", 1)


def test_an_answer_cannot_be_longer_than_its_maximum():
    SamplingParams(min_tokens=5, max_tokens=5)
    with pytest.raises(BadParameter, match="min_tokens is 6, it must be at most max_tokens, which is 5"):
        SamplingParams(min_tokens=6, max_tokens=5)


def test_values_come_out_in_their_own_type():
    params = SamplingParams(temperature=1, stop=["b", "a", "b"], logit_bias={"12": 3})
    assert repr(params.temperature) == "1.0"
    assert params.stop == ("b", "a")
    assert params.logit_bias == {12: 3.0}
    assert SamplingParams(**asdict(params)) == params


@settings(deadline=None)
@given(st.sampled_from(sorted(RANGES)), st.one_of(st.floats(), st.integers()))
def test_a_number_is_accepted_exactly_when_its_range_holds_it(name, value):
    allowed = RANGES[name]
    if allowed.holds(value):
        assert checked(name, value) == value
    else:
        with pytest.raises(BadParameter):
            checked(name, value)
