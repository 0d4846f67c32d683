"""What a model will take of memory is told before it is loaded, by the rules that loading goes by."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui.engine import memory_need as need
from tui.engine.errors import NotEnoughMemory
from tui.engine.language_model import LanguageModel
from tui.engine.model_files import ModelFiles, inspect
from tui.engine.options import EngineOptions

GIB = 2**30
AS_IT_IS = EngineOptions()


@pytest.fixture(scope="module")
def files(tiny_model) -> ModelFiles:
    return inspect(tiny_model("llama"))


def test_weights_and_the_cache_of_the_whole_context(files):
    found = need.memory_need(files, AS_IT_IS, GIB)
    assert found.problem is None
    assert found.weights == files.bin.stat().st_size
    assert found.context == files.context_length
    assert found.kv_cache == files.context_length * files.kv_bytes_per_token("f16")  # as the model asks for
    assert found.total == found.weights + found.kv_cache


def test_a_context_and_a_type_of_the_cache_that_were_asked_for(files):
    found = need.memory_need(files, EngineOptions(context=64, kv_cache="f32"), GIB)
    assert (found.context, found.kv_cache) == (64, 64 * files.kv_bytes_per_token("f32"))


def test_u4_is_never_told_too_small(files):
    found = need.memory_need(files, EngineOptions(kv_cache="u4"), GIB)
    assert found.kv_cache == need.memory_need(files, EngineOptions(kv_cache="u8"), GIB).kv_cache


def test_a_context_that_nobody_asked_for_is_cut_to_half_of_what_is_left(files):
    per_token = files.kv_bytes_per_token("f16")
    found = need.memory_need(files, AS_IT_IS, files.weight_bytes + 2 * 100 * per_token)
    assert found.problem is None
    assert found.context == 100


def test_weights_that_do_not_fit(files):
    found = need.memory_need(files, AS_IT_IS, files.weight_bytes - 1)
    assert isinstance(found.problem, NotEnoughMemory)
    assert files.name in found.problem.sentence
    assert found.problem.next_step


def test_a_context_that_was_asked_for_and_does_not_fit(files):
    found = need.memory_need(files, EngineOptions(context=100_000), files.weight_bytes + 1000)
    assert "100,000" in str(found.problem)
    assert found.kv_cache == 100_000 * files.kv_bytes_per_token("f16")


def test_a_model_that_does_not_say_its_context(files):
    found = need.memory_need(replace(files, context_length=None), AS_IT_IS, GIB)
    assert found.context == need.FALLBACK_CONTEXT


def test_a_model_without_a_cache(tiny_model):
    found = need.memory_need(inspect(tiny_model("llama-no-cache")), AS_IT_IS, GIB)
    assert (found.kv_cache, found.problem) == (0, None)


@pytest.mark.parametrize("free", [128 * 1024, GIB])
@pytest.mark.parametrize("options", [AS_IT_IS, EngineOptions(kv_cache="u8")], ids=["f16", "u8"])
def test_loading_comes_to_the_same_context(files, monkeypatch, free, options):
    for module in ("context", "device_memory"):  # with its own states, and paged
        monkeypatch.setattr(f"tui.engine.{module}.available_bytes", lambda: free)
    told = need.memory_need(files, options, files.weight_bytes + free)
    with LanguageModel.load(files.path, "CPU", options) as model:
        assert model.context_limit == told.context
