"""Turn the trained weights into the model folder: python -m tui.starter.recipe.export [--model DIR] [--out DIR].

An int8 IR with tokenizer and detokenizer, made by optimum-intel from a transformers Llama with the same weights.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from tui.starter.recipe.chatml import END, END_OF_TEXT, TEMPLATE
from tui.starter.recipe.llama import Shape

LONGEST_ANSWER = 200


def hugging_face_folder(trained: Path, folder: Path) -> None:
    """Write the trained model as a transformers folder."""
    checkpoint = torch.load(trained / "model.pt")
    shape = Shape(**checkpoint["shape"])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(trained / "tokenizer.json"),
        bos_token=END_OF_TEXT,
        pad_token=END_OF_TEXT,
        eos_token=END,
        clean_up_tokenization_spaces=False,
        model_max_length=shape.positions,
    )
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    beginning, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=shape.vocabulary,
            hidden_size=shape.hidden,
            intermediate_size=shape.feed_forward,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.heads,
            max_position_embeddings=shape.positions,
            rms_norm_eps=shape.epsilon,
            rope_theta=shape.rope_base,
            tie_word_embeddings=True,
            bos_token_id=beginning,
            pad_token_id=beginning,
            eos_token_id=end,
        )
    )
    missing, unexpected = model.load_state_dict(checkpoint["weights"], strict=False)
    if unexpected or set(missing) - {"lm_head.weight"}:
        raise SystemExit(f"the weights do not fit: missing {missing}, unexpected {unexpected}")
    model.tie_weights()
    model.generation_config = GenerationConfig(
        do_sample=False,
        max_new_tokens=LONGEST_ANSWER,
        bos_token_id=beginning,
        pad_token_id=beginning,
        eos_token_id=[end, beginning],
    )
    model.save_pretrained(folder)


def export(trained: Path, out: Path) -> None:
    """Write the IR, tokenizer, detokenizer and configuration files into `out`, replacing those of before."""
    with tempfile.TemporaryDirectory() as scratch:
        source, target = Path(scratch, "starter"), Path(scratch, "ir")
        hugging_face_folder(trained, source)
        command = ["export", "openvino", "--task", "text-generation-with-past", "--weight-format", "int8"]
        cli = [sys.executable, "-m", "optimum.commands.optimum_cli", *command]
        subprocess.run([*cli, "--model", str(source), str(target)], check=True)
        out.mkdir(parents=True, exist_ok=True)
        for file in sorted(set(target.iterdir()) - {target / "openvino_config.json"}):  # it names the scratch folder
            shutil.copyfile(file, out / file.name)
    sizes = {file.name: file.stat().st_size for file in sorted(out.iterdir()) if file.is_file()}
    print(json.dumps(sizes, indent=2), sum(sizes.values()))


def main() -> None:
    """Parse the arguments and export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("build/starter"))
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1])
    arguments = parser.parse_args()
    export(arguments.model, arguments.out)


if __name__ == "__main__":
    main()
