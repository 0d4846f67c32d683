"""A GPU as far as it can be had without one: what it is asked for, and how much of its memory is taken."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openvino as ov
import pytest

from tests.engine.scripted_core import ScriptedCore
from tui.engine import device_memory
from tui.engine.backend import infer
from tui.engine.device_memory import Room, room_on
from tui.engine.errors import BadParameter, NotEnoughMemory
from tui.engine.language_model import LanguageModel
from tui.engine.options import EngineOptions

GIB = 2**30
DISCRETE = {"DEVICE_TYPE": "Type.DISCRETE", "GPU_DEVICE_TOTAL_MEM_SIZE": 16 * GIB}
SHARED = {"DEVICE_TYPE": "Type.INTEGRATED", "GPU_DEVICE_TOTAL_MEM_SIZE": 16 * GIB}


@pytest.fixture
def open_gpu(monkeypatch: pytest.MonkeyPatch, tiny_model: Callable[[str], Path]) -> Any:
    """Load a model on GPU.1, which has the given properties; the core, and a description of what came of it."""

    def load(properties: dict[str, Any], options: EngineOptions, cache: Path | None = None) -> Any:
        core = ScriptedCore({"GPU.0": SHARED, "GPU.1": properties})
        monkeypatch.setattr(ov, "Core", lambda: core)
        with LanguageModel.load(tiny_model("llama"), "GPU", options, {}, cache=cache) as model:
            return core, model.device, model.backend.capabilities

    return load


def test_auto_and_gpu_are_the_discrete_one_whose_compiled_models_are_kept(open_gpu: Any, tmp_path: Path) -> None:
    core, device, capabilities = open_gpu(DISCRETE, EngineOptions(), tmp_path)
    assert (device, capabilities.name) == ("GPU.1", "paged")
    check = {"INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f16", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}
    gpu = [properties for device, properties in core.compiled if device == "GPU.1"]
    # Twice to check paged attention, and then for good.
    assert gpu == [check, check, {"CACHE_DIR": str(tmp_path / "GPU.1")}]


def test_with_its_own_states_a_gpu_has_f16(open_gpu: Any) -> None:
    core, _, capabilities = open_gpu(DISCRETE, EngineOptions(backend="stateful", context=300))
    assert (capabilities.name, capabilities.can_rewind) == ("stateful", True)
    assert [properties for device, properties in core.compiled if device == "GPU.1"] == [{"KV_CACHE_PRECISION": "f16"}]
    with pytest.raises(BadParameter, match=re.escape("GPU.1 cannot have a KV cache in u4")):
        open_gpu(DISCRETE, EngineOptions(backend="stateful", kv_cache="u4"))


def test_the_context_is_what_the_memory_of_the_gpu_holds(open_gpu: Any, tiny_model: Callable[[str], Path]) -> None:
    weights = (tiny_model("llama") / "openvino_model.bin").stat().st_size
    small = {**DISCRETE, "GPU_DEVICE_TOTAL_MEM_SIZE": weights + 600_000}
    _, _, all_of_it = open_gpu(DISCRETE, EngineOptions())
    _, _, half = open_gpu(small, EngineOptions())
    assert all_of_it.context_limit == 8192
    assert 64 <= half.context_limit < 8192
    with pytest.raises(NotEnoughMemory, match="8,192 tokens needs"):
        open_gpu(small, EngineOptions(context=8192))


def test_no_layer_gets_more_than_the_largest_allocation(open_gpu: Any) -> None:
    small = {**DISCRETE, "GPU_DEVICE_MAX_ALLOC_MEM_SIZE": 100_000}
    _, _, capabilities = open_gpu(small, EngineOptions())
    assert 64 <= capabilities.context_limit < 8192
    # No room for a second conversation of that length.
    assert capabilities.max_sequences == -(-capabilities.context_limit // 32)
    fits = capabilities.context_limit
    assert open_gpu(small, EngineOptions(context=fits))[2].context_limit == fits
    with pytest.raises(NotEnoughMemory, match="in one piece") as raised:
        open_gpu(small, EngineOptions(context=fits + 1))
    assert f"engine.context to {fits} or less" in raised.value.next_step


@pytest.mark.parametrize(
    ("device", "properties", "free"),
    [
        ("CPU", {}, 4 * GIB),
        ("GPU", DISCRETE, 15 * GIB),
        ("GPU", SHARED, 4 * GIB),
        ("GPU", {**SHARED, "GPU_DEVICE_TOTAL_MEM_SIZE": 2 * GIB}, GIB),
        ("GPU", {}, 4 * GIB),
        ("GPU", {**DISCRETE, "GPU_DEVICE_TOTAL_MEM_SIZE": GIB // 2}, 0),
    ],
)
def test_room_is_that_of_the_device_without_the_weights(
    device: str, properties: dict[str, Any], free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_memory, "available_bytes", lambda: 4 * GIB)
    assert room_on(ScriptedCore({"GPU": properties}), device, GIB) == Room(free)


def test_a_gpu_without_memory_has_to_be_given_the_model_again() -> None:
    class Request:
        def infer(self) -> None:
            raise RuntimeError("Exception from ocl_stream.cpp:\n[GPU] CL_OUT_OF_RESOURCES")

    with pytest.raises(NotEnoughMemory, match="it computes no more"):
        infer(Request(), None)
