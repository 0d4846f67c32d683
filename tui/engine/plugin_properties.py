"""What is asked of OpenVINO's plugins when a decoder is compiled: properties by name, for each kind of device."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openvino as ov

from tui.engine.errors import BadParameter
from tui.engine.npu_lengths import Lengths
from tui.engine.options import EngineOptions

_QUANTISED = ("u4", "u8")


def compile_properties(core: ov.Core, device: str, options: EngineOptions, *, paged: bool) -> dict[str, Any]:
    """Plugin properties for these options. The one place where precision is chosen.

    `precision=auto`: on CPUs whose default is bf16, f32 with the plugin's dynamic quantisation decodes 1.4 to 1.6 times
    faster, and prefill is slower; decode is what people wait for.

    Args:
        core: Knows the device.
        device: A resolved device name.
        options: The user's.
        paged: Paged attention instead of the graph's own states or inputs.

    Raises:
        BadParameter: The device cannot have such a KV cache.
    """
    properties: dict[str, Any] = {}
    on_cpu = device.startswith("CPU")
    match options.precision:
        case "auto":
            if on_cpu and core.get_property(device, "INFERENCE_PRECISION_HINT") == ov.Type.bf16:
                properties["INFERENCE_PRECISION_HINT"] = ov.Type.f32
        case "f32" | "bf16" | "f16":
            properties["INFERENCE_PRECISION_HINT"] = options.precision
    kv_cache = options.kv_cache
    if kv_cache != "auto" and device.startswith("NPU"):
        raise BadParameter(f"{device} keeps its KV cache in a type of its own choice.", "Set engine.kv_cache to auto.")
    if device.startswith("GPU") and not paged:
        # A GPU gives out and takes back no states that are quantised, and without that nothing can be rewound.
        if kv_cache in _QUANTISED:
            raise BadParameter(
                f"{device} cannot have a KV cache in {kv_cache} without paged attention.",
                "Set engine.kv_cache to auto or f16.",
            )
        kv_cache = "f16" if kv_cache == "auto" else kv_cache
    if kv_cache != "auto":
        properties["KV_CACHE_PRECISION"] = kv_cache
    if options.threads is not None and on_cpu:
        properties["INFERENCE_NUM_THREADS"] = options.threads
    return properties


def npu_properties(lengths: Lengths) -> dict[str, Any]:
    """What makes OpenVINO's NPU plugin take a stateful decoder with open shapes: it makes two fixed ones of it."""
    return {
        "NPU_USE_NPUW": "YES",
        "NPUW_LLM": "YES",
        # Axes of the batch and of the tokens in the decoder's KV states.
        "NPUW_LLM_BATCH_DIM": 0,
        "NPUW_LLM_SEQ_LEN_DIM": 2,
        "NPUW_LLM_MAX_PROMPT_LEN": lengths.prompt,
        "NPUW_LLM_MIN_RESPONSE_LEN": lengths.response,
    }


def cache_properties(device: str, folder: Path | None) -> dict[str, Any]:
    """Where the compiled model is kept, on devices that compile for long.

    Not on a CPU. What takes its time there is the repacking of the weights by the first inference, which no cache
    saves (1 s of 16 for 1.1 billion parameters), and models with paged attention cannot be read back at all.
    """
    if folder is None or not device.startswith(("GPU", "NPU")):
        return {}
    return {"CACHE_DIR": str(folder / device)}
