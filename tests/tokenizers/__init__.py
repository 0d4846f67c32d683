"""Small tokenizers of every kind that decoders use; recipe.py made them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import openvino as ov

from tui.engine.tokenizer import Tokenizer

HERE = Path(__file__).parent
KINDS = ("gpt2", "qwen", "llama3", "llama2", "unigram", "wordpiece", "sentencepiece_bpe", "sentencepiece_unigram")


@cache
def tokenizer(kind: str) -> Tokenizer:
    """The tokenizer of one kind, loaded once per process."""
    return Tokenizer.load(ov.Core(), HERE / kind)
