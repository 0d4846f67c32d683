"""What config.json and the IR say about a decoder's size: its attention layers, KV bytes, context length and window.

Pure functions of what was read; names differ between architectures, so each fact has its list of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tui.engine.ir_file import IrFile

KV_BLOCK = 32  # tokens of a block of the CPU plugin's KV cache; u8 keys have one scale and zero point per block
_BYTES = {"f16": 2, "bf16": 2, "f32": 4}
_SCALE_AND_ZERO_POINT = 8  # bytes, two f32

# `past_key_values.0.keypresent.0.key` as optimum-intel names it, `cache_params.past.key.0...` in hybrids.
_STATE = re.compile(r"past_key_values\.(\d+)\.(?:\w+\.)?(key|value)|past\.(key|value)\.(\d+)")

_CONTEXT = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "max_sequence_length", "n_ctx")
_SCALED_BY_FACTOR = ("linear", "dynamic", "yarn", "deepseek_yarn")


@dataclass(frozen=True, slots=True)
class AttentionLayer:
    """The keys and values that one layer keeps of each token."""

    heads: int
    key_dim: int
    value_dim: int

    def bytes_per_token(self, precision: str) -> float:
        """Bytes of one token's keys and values in the CPU plugin's paged cache.

        A block of 32 tokens is [heads, 32, dim]; with u8, keys are [heads, 32 + 8, dim], values [heads, 32, dim + 8].
        """
        if precision == "u8":
            key = self.key_dim * (KV_BLOCK + _SCALE_AND_ZERO_POINT) / KV_BLOCK
            return self.heads * (key + self.value_dim + _SCALE_AND_ZERO_POINT)
        return self.heads * (self.key_dim + self.value_dim) * _BYTES[precision]


def text_config(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of config.json about the language model: multimodal families nest it."""
    for name in ("text_config", "llm_config", "language_config"):
        if isinstance(nested := config.get(name), dict):
            return nested
    return config


def attention_layers(ir: IrFile) -> tuple[AttentionLayer, ...]:
    """The layers with keys and values in states, or in `past_key_values` inputs.

    The fixed axes of a state are the heads and their size, whatever the order of batch and tokens.
    """
    shapes: dict[int, dict[str, tuple[int, ...]]] = {}
    for name, shape in {**ir.inputs, **ir.states}.items():
        if match := _STATE.search(name):
            layer, part = (match[1], match[2]) if match[1] else (match[4], match[3])
            shapes.setdefault(int(layer), {})[part] = tuple(n for n in shape if n)
    return tuple(
        AttentionLayer(heads=math.prod(parts["key"][:-1]), key_dim=parts["key"][-1], value_dim=parts["value"][-1])
        for _, parts in sorted(shapes.items())
        if parts.get("key") and parts.get("value")
    )


def context_length(config: Mapping[str, Any]) -> int | None:
    """Tokens a model was made for, or None where its config does not say (ALiBi models often).

    The rule is vLLM's: with linear, dynamic and yarn scaling the length is the original one times the factor; the other
    types, and gemma3, write the extended length down.
    """
    length = next((value for name in _CONTEXT if type(value := config.get(name)) is int and value > 0), None)
    rope = config.get("rope_scaling") or config.get("rope_parameters")
    if length is None or not isinstance(rope, dict) or str(config.get("model_type", "")).startswith("gemma3"):
        return length
    factor = rope.get("factor")
    if rope.get("rope_type", rope.get("type")) not in _SCALED_BY_FACTOR or not isinstance(factor, int | float):
        return length
    if not math.isfinite(factor):
        return length
    original = rope.get("original_max_position_embeddings")
    return max(length, round((original if isinstance(original, int) else length) * factor))


def sliding_window(config: Mapping[str, Any]) -> int | None:
    """Tokens seen by the layers that have a window; None where no layer has one."""
    window = config.get("sliding_window")
    layers = config.get("layer_types")
    unused = isinstance(layers, list) and "sliding_attention" not in layers
    if not isinstance(window, int) or unused or config.get("use_sliding_window") is False:
        return None
    return window
