"""Real model shapes with random weights, made on this machine: speed without a download.

`python -m tests.bench shapes DIR` makes them all; needs the `starter` extra (torch, optimum-intel).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Shape:
    """A Llama geometry and how its weights are stored."""

    config: Mapping[str, int]
    weights: Mapping[str, Any]


SHAPES = {
    # SmolLM2-135M's geometry.
    "135m-int8": Shape(
        {
            "vocab_size": 49152,
            "hidden_size": 576,
            "intermediate_size": 1536,
            "num_hidden_layers": 30,
            "num_attention_heads": 9,
            "num_key_value_heads": 3,
        },
        {"bits": 8},
    ),
    # TinyLlama-1.1B's.
    "1.1b-int4": Shape(
        {
            "vocab_size": 32000,
            "hidden_size": 2048,
            "intermediate_size": 5632,
            "num_hidden_layers": 22,
            "num_attention_heads": 32,
            "num_key_value_heads": 4,
        },
        {"bits": 4, "sym": True, "group_size": 128, "ratio": 1.0},
    ),
}


def make(name: str, folder: Path) -> Path:
    """Make one shape below `folder`, unless it is there already; returns its folder."""
    target = folder / name
    if (target / "openvino_model.bin").exists():
        return target
    import torch
    from optimum.intel import OVModelForCausalLM, OVWeightQuantizationConfig
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    shape = SHAPES[name]
    config = LlamaConfig(**shape.config, max_position_embeddings=8192, tie_word_embeddings=name.startswith("135m"))
    source = folder / f"{name}-source"
    with torch.device("cpu"):
        model = LlamaForCausalLM(config).to(torch.bfloat16)
    model.save_pretrained(source)
    del model
    quantised = OVModelForCausalLM.from_pretrained(
        source, export=True, quantization_config=OVWeightQuantizationConfig(**shape.weights), compile=False
    )
    quantised.save_pretrained(target)
    _add_tokenizer(target, shape.config["vocab_size"])
    return target


def _add_tokenizer(target: Path, vocab_size: int) -> None:
    """One token for each word `tN`: any list of ids is a text, for peers that take text only."""
    import openvino as ov
    from openvino_tokenizers import convert_tokenizer
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({f"t{token}": token for token in range(vocab_size)}, unk_token="t0"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.decoder = decoders.WordPiece(prefix="##", cleanup=False)
    wrapped = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="t0", eos_token="t2", bos_token="t1")
    encoder, decoder = convert_tokenizer(wrapped, with_detokenizer=True)
    ov.save_model(encoder, target / "openvino_tokenizer.xml")
    ov.save_model(decoder, target / "openvino_detokenizer.xml")
    (target / "tokenizer_config.json").write_text(json.dumps({"bos_token": "t1", "eos_token": "t2"}))


def run(args: list[str]) -> dict[str, str]:
    folder = Path(args[0])
    folder.mkdir(parents=True, exist_ok=True)
    return {name: str(make(name, folder)) for name in SHAPES}
