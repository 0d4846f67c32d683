"""Makes the tiny models of this folder: random weights, real architectures, exported by optimum-intel.

    pip install -e '.[starter]'                  # torch, transformers, optimum-intel
    python tests/models/recipe.py [NAME ...]     # all of them, or only those named: a minute each
    pip install transformers==5.5.4              # and once more, for those that it has skipped

A model is NAME/ with the IR, config.json and generation_config.json; tokenizer/ serves all of them. oracle.json keeps,
for each model, what torch (f32, greedy, past the end of text) answers to two prompts: the tests need no torch.
Of SEEDS seeds, the one is taken whose greedy answers repeat little and whose best token leads the second by the widest
margin: a coarser KV cache then gives the same tokens.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import openvino as ov
import torch
import transformers
from openvino import opset13 as ops
from optimum.exporters.openvino import main_export
from optimum.exporters.openvino.stateful import fuse_cache_reorder, make_stateful
from optimum.intel import OVConfig
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForSeq2SeqLM, PreTrainedTokenizerFast
from transformers.utils.logging import disable_progress_bar

HERE = Path(__file__).parent
SEEDS = 48
NEW_TOKENS = 128
MIN_VARIETY = 0.3
VOCABULARY = 600
PROMPTS = {
    "short": "A tiny model says",
    "long": "The quick brown fox jumps over the lazy dog, counts 1, 2, 3, 4, 5, and says: hello, tiny world!",
}
TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
END_OF_TEXT, _, END_OF_TURN = range(3)
LINES = """\
A tiny model says what it has seen: the quick brown fox jumps over the lazy dog.
The model reads the prompt token by token, then writes the answer token by token.
Hello, world! How are you today? I am fine, thank you. What can I do for you?
The weather is nice, the sea is blue, and the trees on the hill are green.
You can open the window, close the door, turn on the light, or go for a walk.
One, two, three, four, five, six, seven, eight, nine, ten: 1 2 3 4 5 6 7 8 9 10.
def main(arguments: list[str]) -> int:
    for index, value in enumerate(arguments):
        print(f"{index}: {value}")
    return 0
She said that they would have been there before, if there had been another train.
Once upon a time a small fox lived under a large green tree near the river with his friends.
Please write a short story about winter, summer, autumn and spring; make it simple.
Grüße aus München, où est la bibliothèque, el niño come una manzana, 你好世界, 😀👍
"""


@dataclass(frozen=True)
class Recipe:
    """One tiny model: an architecture's config, how it is exported, and what is done to the IR afterwards."""

    model_type: str
    config: Mapping[str, Any]
    task: str = "text-generation-with-past"
    weights: str = "fp32"
    export: Mapping[str, Any] = field(default_factory=dict)
    auto_class: Any = AutoModelForCausalLM
    edit: Callable[[ov.Model], ov.Model] | None = None
    gain: float = 1.6
    """Standard deviation of the weights times the square root of their fan-in."""
    transformers: str = "5.0"
    """The version that optimum-intel exports this architecture with."""


def batch_on_axis_1(model: ov.Model) -> ov.Model:
    """Turn a stateless decoder into old ChatGLM's form: states [tokens, batch, heads, size], reordered on axis 1."""
    names = [port.get_any_name() for port in model.inputs if port.get_any_name().startswith("past_key_values.")]
    others = [port for port in model.inputs if port.get_any_name() not in names]
    outward, inward = ops.constant([1, 2, 0, 3]), ops.constant([2, 0, 1, 3])
    for name in names:
        past = model.input(name).get_node()
        batch, heads, tokens, size = past.get_partial_shape()
        consumers = past.output(0).get_target_inputs()
        past.set_partial_shape(ov.PartialShape([tokens, batch, heads, size]))
        turned = ops.transpose(past, outward)
        for consumer in consumers:
            consumer.replace_source_output(turned.output(0))
    presents = [port.get_any_name() for port in model.outputs if port.get_any_name().startswith("present.")]
    for name in presents:
        result = model.output(name).get_node()
        source = result.input_value(0)
        turned = ops.transpose(source, inward)
        source.tensor.set_names(set())
        turned.output(0).tensor.set_names({name})
        result.input(0).replace_source_output(turned.output(0))
    model.validate_nodes_and_infer_types()
    fuse_cache_reorder(model, others, names, gather_dim=1)
    make_stateful(model, others, names, presents, batch_dim=1)
    return model


def compress_int4(model: ov.Model) -> ov.Model:
    import nncf

    return nncf.compress_weights(model, mode=nncf.CompressWeightsMode.INT4_ASYM, group_size=32, ratio=1.0)


def compress_int8(model: ov.Model) -> ov.Model:
    import nncf

    return nncf.compress_weights(model, mode=nncf.CompressWeightsMode.INT8_ASYM)


BASE = {"vocab_size": VOCABULARY, "bos_token_id": END_OF_TEXT, "eos_token_id": END_OF_TEXT, "pad_token_id": END_OF_TEXT}
LLAMA = BASE | {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 8192,
    "tie_word_embeddings": False,
}
GPT2 = BASE | {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 512}
BLOOM = BASE | {"hidden_size": 32, "n_layer": 2, "n_head": 4}
HYBRID = LLAMA | {
    "layer_types": ["mamba", "attention"],
    "mamba_n_heads": 8,
    "mamba_d_head": 8,
    "mamba_d_state": 8,
    "mamba_expand": 2,
    "mamba_chunk_size": 16,
    "num_local_experts": 0,
    "shared_intermediate_size": 64,
    "position_embedding_type": "rope",
}
WITHOUT_STATE = {"stateful": False}

RECIPES = {
    "llama": Recipe("llama", LLAMA),
    "llama-f16": Recipe("llama", LLAMA, weights="fp16"),
    "llama-int8": Recipe("llama", LLAMA, edit=compress_int8),
    "llama-int4": Recipe("llama", LLAMA | {"hidden_size": 64}, edit=compress_int4),
    "llama-stateless": Recipe("llama", LLAMA, export=WITHOUT_STATE),
    "llama-no-cache": Recipe("llama", LLAMA, task="text-generation"),
    "batch-axis-1": Recipe("llama", LLAMA, export=WITHOUT_STATE, edit=batch_on_axis_1),
    # As in the real ones, the vocabulary is padded beyond the tokenizer's, and the head is the embedding.
    "qwen2": Recipe("qwen2", LLAMA | {"vocab_size": 640, "tie_word_embeddings": True}),
    "qwen3": Recipe("qwen3", LLAMA | {"head_dim": 16}),
    "mistral": Recipe("mistral", LLAMA | {"sliding_window": 16}),
    "phi3": Recipe("phi3", LLAMA | {"original_max_position_embeddings": 8192}),
    "gemma2": Recipe("gemma2", LLAMA | {"head_dim": 16, "sliding_window": 16, "query_pre_attn_scalar": 16}),
    "gpt2": Recipe("gpt2", GPT2, gain=4),
    "gpt_bigcode": Recipe("gpt_bigcode", GPT2 | {"multi_query": True}),
    "gpt_neox": Recipe("gpt_neox", LLAMA | {"num_attention_heads": 2}, gain=2.5),
    "falcon": Recipe("falcon", BASE | {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}),
    "opt": Recipe(
        "opt",
        BASE
        | {
            "hidden_size": 32,
            "ffn_dim": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "word_embed_proj_dim": 32,
        }
        | {"max_position_embeddings": 512},
        gain=3,
    ),
    "bloom": Recipe("bloom", BLOOM),
    "mpt": Recipe("mpt", BASE | {"d_model": 32, "n_layers": 2, "n_heads": 4, "max_seq_len": 512}, gain=1.8),
    "granitemoehybrid": Recipe("granitemoehybrid", HYBRID, transformers="5.5"),
    "lfm2": Recipe("lfm2", LLAMA | {"layer_types": ["conv", "full_attention"], "block_auto_adjust_ff_dim": False}),
    "t5": Recipe(
        "t5",
        {"vocab_size": VOCABULARY, "d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2}
        | {"decoder_start_token_id": END_OF_TEXT, "pad_token_id": END_OF_TEXT, "eos_token_id": END_OF_TEXT},
        task="text2text-generation-with-past",
        auto_class=AutoModelForSeq2SeqLM,
    ),
    "bert": Recipe(
        "bert",
        {"vocab_size": VOCABULARY, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
        | {"intermediate_size": 16, "max_position_embeddings": 64},
        task="feature-extraction",
        auto_class=AutoModel,
    ),
}
NO_ORACLE = frozenset({"llama-f16", "llama-int8", "llama-int4", "t5", "bert"})


def make_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer with ChatML's special tokens; saves it and its OpenVINO form to `folder`."""
    from openvino_tokenizers import convert_tokenizer

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        min_frequency=1,
        special_tokens=[AddedToken(text, special=True) for text in SPECIAL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(LINES.splitlines(keepends=True), trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=SPECIAL[END_OF_TEXT],
        eos_token=SPECIAL[END_OF_TURN],
        pad_token=SPECIAL[END_OF_TEXT],
        chat_template=TEMPLATE,
        clean_up_tokenization_spaces=False,
    )
    assert len(fast) == VOCABULARY, len(fast)
    shutil.rmtree(folder, ignore_errors=True)
    fast.save_pretrained(folder)
    encode, decode = convert_tokenizer(fast, with_detokenizer=True)
    ov.save_model(encode, folder / "openvino_tokenizer.xml")
    ov.save_model(decode, folder / "openvino_detokenizer.xml")
    return fast


def build(recipe: Recipe, seed: int) -> torch.nn.Module:
    """The model with random weights; f16 holds each of them, which halves what git keeps."""
    config = AutoConfig.for_model(recipe.model_type, **recipe.config)
    model = recipe.auto_class.from_config(config).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            if name.endswith(("A_log", "dt_bias")):  # a state's decay: at random, the past is forgotten at once
                continue
            if weight.ndim >= 2:
                weight.copy_(noise * recipe.gain / weight.shape[-1] ** 0.5)
            else:  # norms of both signs: where the head is the embedding, no token likes itself best
                weight.copy_(noise * (weight + 0.2))
            weight.copy_(weight.half().float())
        if (head := model.get_output_embeddings()) is not None:
            head.weight[VOCABULARY:] = 0  # rows beyond the tokenizer's: never the best
            head.weight.mul_(4)  # far apart logits: rounding does not decide which one is the largest
    return model


def answer(model: torch.nn.Module, prompt: list[int]) -> tuple[list[int], torch.Tensor]:
    """Torch's greedy tokens, and the logits [NEW_TOKENS, vocabulary] they were chosen from."""
    ids = torch.tensor([prompt])
    model.generation_config.eos_token_id = None
    out = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        do_sample=False,
        max_new_tokens=NEW_TOKENS,
        output_logits=True,
        return_dict_in_generate=True,
    )
    return out.sequences[0, len(prompt) :].tolist(), torch.cat(out.logits).float()


def choose(recipe: Recipe, prompts: Mapping[str, list[int]]) -> tuple[torch.nn.Module, dict[str, Any]]:
    """The model of the best seed, and its record for oracle.json."""
    best, best_score = {}, -math.inf
    for seed in range(SEEDS):
        record = examine(build(recipe, seed), prompts) | {"seed": seed}
        score = record["margin"] if record["variety"] >= MIN_VARIETY else record["variety"] - 1
        if score > best_score:
            best, best_score = record, score
    return build(recipe, best["seed"]), best


def examine(model: torch.nn.Module, prompts: Mapping[str, list[int]]) -> dict[str, Any]:
    """A model's answers, their smallest margin, and the share of different tokens in them (0 with a special one)."""
    answers, margins, varieties = {}, [], []
    for name, prompt in prompts.items():
        tokens, logits = answer(model, prompt)
        top = logits.topk(5)
        margins.append(float((top.values[:, 0] - top.values[:, 1]).min()))
        varieties.append(len(set(tokens)) / len(tokens) if min(tokens) >= len(SPECIAL) else 0.0)
        last = zip(top.indices[-1].tolist(), top.values[-1].tolist(), strict=True)
        answers[name] = {
            "prompt": PROMPTS[name],
            "prompt_ids": prompt,
            "token_ids": tokens,
            "last_logits": {str(token): round(logit, 4) for token, logit in last},
        }
    return {"margin": round(min(margins), 4), "variety": round(min(varieties), 2), "answers": answers}


def export(name: str, recipe: Recipe, model: torch.nn.Module, tokenizer: PreTrainedTokenizerFast) -> None:
    """Write `model` as IR with its configs to the folder `name`."""
    target = HERE / name
    shutil.rmtree(target, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:
        source, out = Path(scratch, "source"), Path(scratch, "out")
        model.save_pretrained(source)
        tokenizer.save_pretrained(source)
        main_export(
            str(source),
            output=out,
            task=recipe.task,
            library_name="transformers",
            convert_tokenizer=False,
            ov_config=OVConfig(dtype=recipe.weights),
            **recipe.export,
        )
        target.mkdir()
        for file in sorted(out.glob("openvino_*model.*")):
            if recipe.edit and file.suffix == ".xml":
                edited = recipe.edit(ov.Core().read_model(file))
                ov.save_model(edited, target / file.name, compress_to_fp16=recipe.weights == "fp16")
            elif not recipe.edit:
                shutil.copy(file, target)
        shutil.copy(out / "config.json", target)
    generation = {"bos_token_id": END_OF_TEXT, "eos_token_id": [END_OF_TEXT, END_OF_TURN], "pad_token_id": END_OF_TEXT}
    (target / "generation_config.json").write_text(json.dumps(generation, indent=2) + "\n")


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    disable_progress_bar()
    tokenizer = make_tokenizer(HERE / "tokenizer")
    prompts = {name: tokenizer.encode(text) for name, text in PROMPTS.items()}
    oracle_file = HERE / "oracle.json"
    oracle = json.loads(oracle_file.read_text()) if oracle_file.exists() else {}
    for name in names or RECIPES:
        recipe = RECIPES[name]
        if not transformers.__version__.startswith(recipe.transformers):
            print(f"{name} skipped: it needs transformers {recipe.transformers}")
            continue
        if name in NO_ORACLE:
            model = build(recipe, 0)
        else:
            model, oracle[name] = choose(recipe, prompts)
            print(name, {key: oracle[name][key] for key in ("seed", "margin", "variety")}, flush=True)
        export(name, recipe, model, tokenizer)
        oracle_file.write_text(json.dumps({name: oracle[name] for name in RECIPES if name in oracle}, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
