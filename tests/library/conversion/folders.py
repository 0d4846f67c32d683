"""A tiny Llama as Hugging Face keeps it, written without torch."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

MODELS = Path(__file__).parents[2] / "models"
HIDDEN, INNER, LAYERS, HEADS, KV_HEADS, VOCABULARY = 64, 128, 2, 4, 2, 600


def hugging_face_llama(folder: Path, **config: Any) -> Path:
    """The folder of one with random weights in f16, and the tokenizer of the tiny models."""
    folder.mkdir(parents=True)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(MODELS / "tokenizer" / name, folder)
    settings = json.loads((MODELS / "llama" / "config.json").read_text())
    settings |= {"hidden_size": HIDDEN, "intermediate_size": INNER, "head_dim": HIDDEN // HEADS, "dtype": "float16"}
    (folder / "config.json").write_text(json.dumps(settings | config))
    (folder / "model.safetensors").write_bytes(safetensors(llama_weights()))
    return folder


def llama_weights() -> dict[str, np.ndarray]:
    """Its tensors, by name."""
    random = np.random.default_rng(0)
    kv = HIDDEN // HEADS * KV_HEADS
    shapes = {"model.embed_tokens": (VOCABULARY, HIDDEN), "model.norm": (HIDDEN,), "lm_head": (VOCABULARY, HIDDEN)}
    for layer in range(LAYERS):
        shapes |= {
            f"model.layers.{layer}.{name}": shape
            for name, shape in {
                "self_attn.q_proj": (HIDDEN, HIDDEN),
                "self_attn.k_proj": (kv, HIDDEN),
                "self_attn.v_proj": (kv, HIDDEN),
                "self_attn.o_proj": (HIDDEN, HIDDEN),
                "mlp.gate_proj": (INNER, HIDDEN),
                "mlp.up_proj": (INNER, HIDDEN),
                "mlp.down_proj": (HIDDEN, INNER),
                "input_layernorm": (HIDDEN,),
                "post_attention_layernorm": (HIDDEN,),
            }.items()
        }
    return {
        f"{name}.weight": (
            random.standard_normal(shape) / shape[-1] ** 0.5 if len(shape) > 1 else np.ones(shape)
        ).astype(np.float16)
        for name, shape in shapes.items()
    }


def safetensors(tensors: dict[str, np.ndarray]) -> bytes:
    """The bytes of a safetensors file with tensors of f16."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, tensor in tensors.items():
        begin, end = end, end + tensor.nbytes
        header[name] = {"dtype": "F16", "shape": list(tensor.shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + b"".join(tensor.tobytes() for tensor in tensors.values())
