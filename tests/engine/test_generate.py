"""Generation as a stream of events: progress, text, end; and what ends it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.generation import answer, events
from tui.engine.chat_template import ChatTemplate
from tui.engine.errors import BadText, ContextFull
from tui.engine.events import Finished, PrefillProgress, Resumed, TextDelta
from tui.engine.generate import GenerationRequest, generate
from tui.engine.language_model import LanguageModel
from tui.engine.options import EngineOptions
from tui.engine.sampling import SamplingParams
from tui.engine.stopping import FinishReason

PROMPT = "A tiny model says that the quick brown fox lives in a blue house"
EXACT = EngineOptions(precision="f32", kv_cache="f32", context=400)


@pytest.fixture(scope="module")
def model(tiny_model: Callable[[str], Path]) -> Iterator[LanguageModel]:
    with LanguageModel.load(tiny_model("llama"), "CPU", EXACT) as loaded:
        yield loaded


def test_progress_then_text_then_one_end(model):
    seen = events(model, PROMPT, max_tokens=12)
    kinds = [type(event) for event in seen]
    assert kinds == sorted(kinds, key=[PrefillProgress, Resumed, TextDelta, Finished].index)
    assert kinds.count(Finished) == 1
    end = seen[-1]
    assert end.reason is FinishReason.LENGTH
    assert end.usage.completion_tokens == len(end.token_ids) == 12


def test_deltas_join_to_the_text_and_the_tokens_of_the_end(model):
    seen = events(model, PROMPT, max_tokens=50)
    deltas = [event for event in seen if isinstance(event, TextDelta)]
    end = seen[-1]
    assert "".join(delta.text for delta in deltas) == end.text == model.tokenizer.decode(end.token_ids)
    assert [token for delta in deltas for token in delta.token_ids] == list(end.token_ids)


def test_progress_counts_what_the_cache_holds(model, monkeypatch):
    monkeypatch.setattr(model.backend, "chunk_size", 16)
    long = " ".join([PROMPT] * 5)
    first = [event for event in events(model, long, max_tokens=2) if isinstance(event, PrefillProgress)]
    assert [event.done for event in first] == sorted({event.done for event in first})
    assert len(first) > 3
    again = events(model, long, max_tokens=2)
    total = again[-1].usage.prompt_tokens
    assert again[0] == PrefillProgress(total - 1, total, total - 1)
    assert again[-1].usage.cached_tokens == total - 1


def test_the_second_turn_computes_only_what_is_new(model):
    first = answer(model, "Once " + PROMPT, max_tokens=20)
    second = answer(model, "Once " + PROMPT + first.text, max_tokens=3)
    common = 0
    held = [*first.prompt_token_ids, *first.token_ids[:-1]]
    while common < min(len(held), len(second.prompt_token_ids)) and held[common] == second.prompt_token_ids[common]:
        common += 1
    assert second.usage.cached_tokens == common >= first.usage.prompt_tokens


def test_a_stop_id_ends_the_answer_and_is_not_text(model, monkeypatch):
    free = answer(model, PROMPT, max_tokens=30)
    stop = free.token_ids[7]
    at = free.token_ids.index(stop)
    monkeypatch.setattr(model, "stop_ids", frozenset({stop}))
    end = answer(model, PROMPT, max_tokens=30, ignore_eos=False)
    assert end.reason is FinishReason.STOP
    assert end.token_ids == free.token_ids[: at + 1]
    assert end.text == model.tokenizer.decode(free.token_ids[:at])
    assert answer(model, PROMPT, max_tokens=30, ignore_eos=True).token_ids == free.token_ids
    later = answer(model, PROMPT, max_tokens=30, ignore_eos=False, min_tokens=at + 3)
    assert len(later.token_ids) >= at + 3


def test_a_stop_string_ends_the_answer_before_it(model):
    free = answer(model, PROMPT, max_tokens=60)
    stop = free.text[20:25]
    end = answer(model, PROMPT, max_tokens=60, stop=(stop,))
    assert end.reason is FinishReason.STOP
    assert end.text == free.text[: free.text.index(stop)]


def test_a_stop_string_that_never_comes_costs_no_text(model):
    free = answer(model, PROMPT, max_tokens=40)
    end = answer(model, PROMPT, max_tokens=40, stop=(free.text[-3:] + "never",))
    assert end.text == free.text


def test_the_answer_ends_with_length_where_the_context_does(model):
    end = answer(model, PROMPT)
    assert end.reason is FinishReason.LENGTH
    assert end.usage.prompt_tokens + end.usage.completion_tokens == model.context_limit


def test_a_prompt_beyond_the_context_says_how_many_tokens_are_over(model):
    with pytest.raises(ContextFull) as refused:
        answer(model, " ".join([PROMPT] * 60))
    tokens = len(model.tokenizer.encode(" ".join([PROMPT] * 60), add_special_tokens=True))
    assert f"{tokens - model.context_limit + 1:,} too many" in str(refused.value)
    assert "engine.context" in str(refused.value)


def test_cancelled_in_decode_the_text_stays_and_the_next_turn_is_right(model):
    expected = answer(model, PROMPT, max_tokens=40)
    cancel = threading.Event()
    seen = []
    for event in generate(
        model,
        GenerationRequest(prompt=PROMPT, sampling=SamplingParams(temperature=0, max_tokens=40, ignore_eos=True)),
        cancel,
    ):
        seen.append(event)
        if isinstance(event, TextDelta) and len(seen) > 10:
            cancel.set()
    end = seen[-1]
    assert end.reason is FinishReason.CANCELLED
    assert 0 < len(end.token_ids) < 40
    assert expected.text.startswith(end.text.rstrip("\ufffd"))
    assert answer(model, PROMPT, max_tokens=40).token_ids == expected.token_ids


def test_cancelled_in_prefill_there_is_no_text_and_the_next_turn_is_right(model, monkeypatch):
    long = " ".join(["Other", *[PROMPT] * 5])
    expected = answer(model, long, max_tokens=10)
    for sequence in model.backend.sequences():
        model.backend.free(sequence)
    monkeypatch.setattr(model.backend, "chunk_size", 16)
    cancel = threading.Event()
    seen = []
    for event in generate(
        model, GenerationRequest(prompt=long, sampling=SamplingParams(temperature=0, max_tokens=10)), cancel
    ):
        seen.append(event)
        if isinstance(event, PrefillProgress) and event.done >= 32:
            cancel.set()
    assert seen[-1].reason is FinishReason.CANCELLED
    assert seen[-1].text == ""
    again = answer(model, long, max_tokens=10)
    assert again.usage.cached_tokens >= 32
    assert again.token_ids == expected.token_ids


def test_the_same_seed_gives_the_same_answer_and_none_a_fresh_one(model):
    hot = {"temperature": 1.0, "max_tokens": 30}
    first = answer(model, PROMPT, **hot, seed=7)
    assert answer(model, PROMPT, **hot, seed=7).token_ids == first.token_ids
    assert first.seed == 7
    one, two = answer(model, PROMPT, **hot), answer(model, PROMPT, **hot)
    assert one.seed != two.seed
    assert one.token_ids != two.token_ids


HOT = {"temperature": 1.0, "repetition_penalty": 1.2, "frequency_penalty": 0.3, "seed": 11, "ignore_eos": True}


def events_of(model, **given):
    values = {"prompt": PROMPT, "sampling": SamplingParams(**HOT, max_tokens=40), **given}
    return list(generate(model, GenerationRequest(**values)))


@pytest.mark.parametrize("cut", [1, 17, 39])
def test_an_answer_gone_on_with_is_the_same_as_one_that_never_stopped(model, cut):
    *_, whole = events_of(model)
    begun = whole.token_ids[:cut]
    resumed, *_, end = events_of(model, begun=begun, sampling=SamplingParams(**HOT, max_tokens=40 - cut))
    assert isinstance(resumed, Resumed)
    assert end.token_ids == whole.token_ids
    assert end.text == whole.text
    assert end.text.startswith(resumed.text)
    assert end.usage.completion_tokens == 40 - cut
    assert end.usage.prompt_tokens == whole.usage.prompt_tokens + cut
    assert end.prompt_token_ids == whole.prompt_token_ids


def test_gone_on_with_only_new_text_is_told(model):
    *_, whole = events_of(model)
    resumed, *rest = events_of(model, begun=whole.token_ids[:20], sampling=SamplingParams(**HOT, max_tokens=20))
    assert resumed.text + "".join(event.text for event in rest if isinstance(event, TextDelta)) == whole.text


def test_gone_on_with_inside_thinking_it_stays_thinking(model, monkeypatch):
    messages = [{"role": "user", "content": "Hi"}]
    monkeypatch.setattr(model.template, "render", lambda messages, **given: "Hi<think>\n")
    *_, whole = events_of(model, prompt=None, messages=messages)
    assert whole.reasoning
    assert not whole.text
    resumed, *_, end = events_of(
        model, prompt=None, messages=messages, begun=whole.token_ids[:20], sampling=SamplingParams(**HOT, max_tokens=20)
    )
    assert (end.reasoning, end.text) == (whole.reasoning, "")
    assert resumed.reasoning


def test_a_stop_string_that_came_before_stays_text_and_a_new_one_ends_it_across_the_border(model):
    greedy = {"temperature": 0.0, "ignore_eos": True}
    *_, free = events_of(model, sampling=SamplingParams(**greedy, max_tokens=60))
    begun = free.token_ids[:30]
    resumed, *_ = events_of(model, begun=begun, sampling=SamplingParams(**greedy, max_tokens=1))
    old, at = resumed.text[4:8], len(resumed.text)
    across = free.text[at - 2 : at + 3]
    *_, end = events_of(model, begun=begun, sampling=SamplingParams(**greedy, max_tokens=30, stop=(old,)))
    assert end.text.startswith(resumed.text)
    *_, end = events_of(model, begun=begun, sampling=SamplingParams(**greedy, max_tokens=30, stop=(across,)))
    assert end.reason is FinishReason.STOP
    assert end.text == free.text[: free.text.index(across)]


def test_the_text_of_another_model_is_gone_on_with_after_the_prompt(model):
    messages = [{"role": "user", "content": "Hi"}]
    greedy = SamplingParams(temperature=0, max_tokens=5, ignore_eos=True)
    resumed, *rest = events_of(model, prompt=None, messages=messages, begun_text="Once upon", sampling=greedy)
    end = rest[-1]
    prompt = model.template.render(messages) + "Once upon"
    assert list(end.prompt_token_ids) == model.tokenizer.encode(prompt, add_special_tokens=False).tolist()
    assert resumed.text == "Once upon"
    new = model.tokenizer.decode([*end.prompt_token_ids, *end.token_ids])
    assert end.text == new[new.rindex("Once upon") :]
    assert len(end.token_ids) == 5


def test_a_fresh_answer_takes_nothing_from_the_cache(model):
    long = " ".join([PROMPT] * 5)
    events_of(model, prompt=long)
    *_, again = events_of(model, prompt=long)
    *_, fresh = events_of(model, prompt=long, fresh=True)
    assert again.usage.cached_tokens > 0 == fresh.usage.cached_tokens
    assert fresh.token_ids == again.token_ids


def test_an_answer_that_fills_the_context_cannot_be_gone_on_with(model):
    with pytest.raises(ContextFull):
        events_of(model, begun=(1,) * model.context_limit)


def test_logprobs_are_given_where_asked_for(model):
    end = answer(model, PROMPT, max_tokens=5, logprobs=3)
    assert [each.token_id for each in end.logprobs] == list(end.token_ids)
    for each in end.logprobs:
        # Greedy: the chosen one is the most likely one.
        assert each.top_logprobs[0] == (each.token_id, each.logprob)
        assert len(each.top_logprobs) == 3
        assert each.logprob < 0
    assert answer(model, PROMPT, max_tokens=5).logprobs == ()


def test_messages_go_through_the_template_without_a_second_bos(model):
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    *_, end = generate(
        model, GenerationRequest(messages=messages, sampling=SamplingParams(temperature=0, max_tokens=3))
    )
    text = model.template.render(messages)
    assert list(end.prompt_token_ids) == model.tokenizer.encode(text, add_special_tokens=False).tolist()


@pytest.mark.parametrize("prompt", ["", None])
def test_nothing_to_answer_is_said(model, prompt):
    with pytest.raises(BadText, match="Write something"):
        list(generate(model, GenerationRequest(prompt=prompt)))


def test_a_lone_surrogate_is_refused_and_nul_is_not(model):
    with pytest.raises(BadText):
        answer(model, "half \ud83d of an emoji", max_tokens=2)
    assert answer(model, "NUL \0 inside", max_tokens=2).usage.completion_tokens == 2


def test_a_hybrid_goes_back_to_before_the_answer(tiny_model):
    options = EngineOptions(precision="f32", kv_cache="f32")
    with LanguageModel.load(tiny_model("lfm2"), "CPU", options) as hybrid:
        assert not hybrid.backend.capabilities.can_rewind
        first = answer(hybrid, PROMPT, max_tokens=20)
        again = answer(hybrid, PROMPT, max_tokens=20)
        assert again.token_ids == first.token_ids
        assert again.usage.cached_tokens == first.usage.prompt_tokens - 1
        longer = answer(hybrid, PROMPT + first.text[:8], max_tokens=20)
        other = answer(hybrid, "Quite another beginning", max_tokens=20)
        assert other.usage.cached_tokens == 0
    with LanguageModel.load(tiny_model("lfm2"), "CPU", options) as fresh:
        assert answer(fresh, PROMPT + first.text[:8], max_tokens=20).token_ids == longer.token_ids


def test_tokens_that_mark_thinking_are_text_even_where_they_are_special(model, monkeypatch):
    """gpt-oss and Magistral list their thinking tags as special; dropped, thinking and answer would run together."""
    special = model.tokenizer.token_id("<|im_end|>")
    forced = {"max_tokens": 2, "logit_bias": {special: 100.0}}
    assert answer(model, PROMPT, **forced).text == ""
    monkeypatch.setattr(model, "marker_ids", frozenset({special}))
    assert answer(model, PROMPT, **forced).text == "<|im_end|>" * 2


def test_a_prompt_of_which_the_template_leaves_nothing_is_refused(model, monkeypatch):
    nothing = ChatTemplate({"default": "{# #}"}, source="test", special_tokens={})
    monkeypatch.setattr(model, "template", nothing)
    with pytest.raises(BadText, match="leaves nothing"):
        list(generate(model, GenerationRequest([{"role": "user", "content": "hello"}])))
