"""What is asked of the plugins: a scripted core stands in for devices that are not here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openvino as ov
import pytest

from tui.engine.errors import BadParameter
from tui.engine.npu_lengths import lengths_for
from tui.engine.options import EngineOptions
from tui.engine.plugin_properties import cache_properties, compile_properties, npu_properties

AUTO = EngineOptions()


class Core:
    """A core whose devices compute in `default` by themselves."""

    def __init__(self, default: ov.Type = ov.Type.f16) -> None:
        self.default = default

    def get_property(self, device: str, name: str) -> ov.Type:
        return self.default


def asked(device: str, *, paged: bool = True, default: ov.Type = ov.Type.f16, **options: Any) -> dict[str, Any]:
    return compile_properties(Core(default), device, EngineOptions(**options), paged=paged)


def test_precision_auto_is_f32_only_where_the_default_is_bf16() -> None:
    assert asked("CPU", default=ov.Type.bf16) == {"INFERENCE_PRECISION_HINT": ov.Type.f32}
    assert asked("CPU", default=ov.Type.f32) == {}
    assert asked("GPU.1") == {}
    assert asked("CPU", default=ov.Type.bf16, precision="default") == {}


def test_what_the_user_asks_for_is_passed_on() -> None:
    assert asked("GPU", precision="f32", kv_cache="u8") == {
        "INFERENCE_PRECISION_HINT": "f32",
        "KV_CACHE_PRECISION": "u8",
    }
    assert asked("CPU", threads=3) == {"INFERENCE_NUM_THREADS": 3}
    assert asked("GPU", threads=3) == {}


def test_a_gpu_that_has_to_give_its_states_out_keeps_them_in_f16() -> None:
    assert asked("GPU.0", paged=False) == {"KV_CACHE_PRECISION": "f16"}
    assert asked("GPU.0", paged=False, kv_cache="f32") == {"KV_CACHE_PRECISION": "f32"}
    assert asked("CPU", paged=False) == {}
    with pytest.raises(BadParameter, match="KV cache in u8 without paged attention"):
        asked("GPU.0", paged=False, kv_cache="u8")


def test_an_npu_has_fixed_lengths_and_chooses_its_kv_cache_itself() -> None:
    assert npu_properties(lengths_for(2047)) == {
        "NPU_USE_NPUW": "YES",
        "NPUW_LLM": "YES",
        "NPUW_LLM_BATCH_DIM": 0,
        "NPUW_LLM_SEQ_LEN_DIM": 2,
        "NPUW_LLM_MAX_PROMPT_LEN": 1536,
        "NPUW_LLM_MIN_RESPONSE_LEN": 512,
    }
    assert asked("NPU", paged=False, precision="f16") == {"INFERENCE_PRECISION_HINT": "f16"}
    with pytest.raises(BadParameter, match="a type of its own choice"):
        asked("NPU", paged=False, kv_cache="u8")


@pytest.mark.parametrize(
    ("context", "prompt", "response"),
    [(16, 64, 64), (127, 64, 64), (128, 128, 64), (1151, 896, 256), (2047, 1536, 512), (4096, 3136, 1024)],
)
def test_both_lengths_are_rounded_up_and_hold_the_context(context: int, prompt: int, response: int) -> None:
    lengths = lengths_for(context)
    assert (lengths.prompt, lengths.response) == (prompt, response)
    assert lengths.context == prompt + response - 1
    assert context <= lengths.context < max(128, context + 65)


def test_compiled_models_are_kept_for_gpus_and_npus_only(tmp_path: Path) -> None:
    assert cache_properties("GPU.1", tmp_path) == {"CACHE_DIR": str(tmp_path / "GPU.1")}
    assert cache_properties("NPU", tmp_path) == {"CACHE_DIR": str(tmp_path / "NPU")}
    assert cache_properties("CPU", tmp_path) == {}
    assert cache_properties("NPU", None) == {}
