from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.engine.errors import BadParameter
from tui.engine.sampling_params import SamplingParams
from tui.engine.sampling_resolve import resolve

APP = {"temperature": 0.8, "top_k": 40, "top_p": 0.95, "max_tokens": 2048, "stop": []}


def test_nothing_said_gives_the_neutral_values():
    params, sources, notices = resolve({}, {}, {})
    assert params == SamplingParams()
    assert set(sources.values()) == {"default"}
    assert notices == ()


def test_the_model_goes_over_the_app_and_the_user_over_both():
    params, sources, _ = resolve(APP, {"temperature": 0.6, "top_k": 20}, {"top_k": 5, "seed": 1})
    assert (params.temperature, params.top_k, params.top_p, params.min_p, params.seed) == (0.6, 5, 0.95, 0.0, 1)
    assert {name: sources[name] for name in ("temperature", "top_k", "top_p", "min_p", "seed")} == {
        "temperature": "model",
        "top_k": "user",
        "top_p": "app",
        "min_p": "default",
        "seed": "user",
    }
    assert json.loads(json.dumps(sources)) == sources


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"do_sample": False}, (0.0, "model")),
        ({"do_sample": False, "temperature": 0.6}, (0.0, "model")),
        ({"do_sample": True, "temperature": 0.6}, (0.6, "model")),
        ({"do_sample": True}, (0.8, "app")),
        ({"do_sample": None}, (0.8, "app")),
        ({"temperature": None}, (0.8, "app")),
        ({"temperature": 0.6}, (0.6, "model")),
        ({}, (0.8, "app")),
    ],
)
def test_only_an_explicit_do_sample_false_means_greedy(said, expected):
    params, sources, notices = resolve(APP, said, {})
    assert (params.temperature, sources["temperature"]) == expected
    assert notices == ()


def test_the_users_temperature_beats_the_models_do_sample_false():
    params, sources, _ = resolve(APP, {"do_sample": False}, {"temperature": 0.7})
    assert (params.temperature, sources["temperature"]) == (0.7, "user")


def test_the_models_names_are_mapped():
    said = {"max_new_tokens": 99, "min_new_tokens": 3, "stop_strings": ["END"], "max_length": 20, "eos_token_id": 2}
    params, sources, notices = resolve(APP, said, {})
    assert (params.max_tokens, params.min_tokens, params.stop) == (99, 3, ("END",))
    assert {sources[name] for name in ("max_tokens", "min_tokens", "stop")} == {"model"}
    assert notices == ()


def test_a_bad_value_in_the_models_file_is_left_out_and_reported():
    said = {"temperature": "hot", "top_k": -1, "top_p": 0.9, "repetition_penalty": 0, "max_new_tokens": 2.5}
    params, sources, notices = resolve(APP, said, {})
    assert (params.temperature, params.top_k, params.top_p, params.max_tokens) == (0.8, 40, 0.9, 2048)
    assert (sources["temperature"], sources["top_p"]) == ("app", "model")
    assert len(notices) == 4
    assert notices[0] == (
        "The model's generation_config.json was not followed in temperature: "
        "temperature is 'hot', it must be a number between 0 and 2."
    )


def test_what_is_not_done_is_reported_only_when_it_asks_for_something():
    assert resolve({}, {"num_beams": 1, "no_repeat_ngram_size": 0, "typical_p": 1.0}, {}).notices == ()
    (notice,) = resolve({}, {"num_beams": 4}, {}).notices
    assert "num_beams=4" in notice


@pytest.mark.parametrize(
    ("said", "user", "lengths"),
    [
        ({"min_new_tokens": 50}, {"max_tokens": 10}, (0, 10)),
        ({"max_new_tokens": 5}, {"min_tokens": 10}, (10, 2048)),
        ({"min_new_tokens": 50, "max_new_tokens": 5}, {}, (0, 2048)),
    ],
)
def test_the_models_lengths_give_way(said, user, lengths):
    params, sources, notices = resolve(APP, said, user)
    assert (params.min_tokens, params.max_tokens) == lengths
    assert "model" not in sources.values()
    assert len(notices) == len(said)


def test_the_users_own_contradiction_is_an_error():
    with pytest.raises(BadParameter, match="min_tokens is 9, it must be at most max_tokens, which is 5"):
        resolve({}, {}, {"min_tokens": 9, "max_tokens": 5})


@pytest.mark.parametrize("layer", ["app", "user"])
@pytest.mark.parametrize("values", [{"top_p": 7}, {"topp": 0.5}, {"topp": None}])
def test_the_apps_and_the_users_values_must_be_good(layer, values):
    layers = {"app": {}, "user": {}, layer: values}
    with pytest.raises(BadParameter, match=next(iter(values))):
        resolve(layers["app"], {}, layers["user"])


def test_none_means_not_given():
    params, sources, _ = resolve(APP, {}, dict.fromkeys(APP))
    assert params.top_k == 40
    assert sources["top_k"] == "app"


_KEYS = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty", "min_new_tokens", "max_new_tokens")
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "a", "0.7"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "1"]), inner, max_size=1),
    max_leaves=4,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*_KEYS, "do_sample", "stop_strings", "num_beams", "typical_p"]), _ANYTHING))
def test_no_generation_config_can_stop_a_generation(said):
    params, sources, notices = resolve(APP, said, {"max_tokens": 7})
    assert params.max_tokens == 7
    assert all(notice.startswith("The model's generation_config.json") for notice in notices)
    assert all(getattr(params, name) == APP[name] for name in ("top_k", "top_p") if sources[name] == "app")
