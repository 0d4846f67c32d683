"""Makes the small tokenizers beside this file, one folder per kind that decoders use.

    python -m tests.tokenizers.recipe            # needs the dev extra
    python -m tests.tokenizers.recipe --sentencepiece  # these also need: pip install sentencepiece protobuf

Vocabularies of a few hundred tokens, trained on the sentences below; no network. Each folder gets what a converted
model has: openvino_tokenizer and openvino_detokenizer (.xml, .bin), tokenizer_config.json, tokenizer.json to compare.
"""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import openvino as ov
from openvino_tokenizers import convert_tokenizer
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

HERE = Path(__file__).parent
SENTENCES = [
    "The quick brown fox jumps over the lazy dog, and I can't say that it's done anything else.",
    "We've seen 12,345 models; they don't stop? No! They've 'quoted' words . And odd , spaces .",
    "def main():\n    return {'answer': 42}\n\n\tprint(\"hello world\")  # comment",
    "Größe, naïve café, Žluťoučký kůň, Ελληνικά, Русский текст.",
    "今天天气很好,我们去公园散步。日本語のテキストです。한국어 문장도 있습니다.",
    "مرحبا بالعالم، كيف حالك اليوم؟ שלום עולם.",
    "Emoji: 👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🎉 and e\u0301 combining.",
    "The other thing is that the model answers in the terminal, token by token.",
]
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def byte_level(vocabulary: int, special: list[str]) -> Tokenizer:
    """Byte-level BPE, as GPT-2, Qwen and Llama 3 have it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return tokenizer


def gpt2() -> PreTrainedTokenizerFast:
    """No BOS; the clean-up of spaces is on."""
    return PreTrainedTokenizerFast(
        tokenizer_object=byte_level(400, ["<|endoftext|>"]),
        bos_token="<|endoftext|>",
        eos_token="<|endoftext|>",
        model_max_length=16,
        clean_up_tokenization_spaces=True,
    )


def qwen() -> PreTrainedTokenizerFast:
    """No BOS at all; added tokens that are special, and some that are not; a chat template."""
    tokenizer = byte_level(420, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|\s+(?!\S)|\s+|[^\s\p{L}\p{N}]+"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        clean_up_tokenization_spaces=False,
    )
    fast.add_tokens([AddedToken("<think>", special=False), AddedToken("</think>", special=False)])
    fast.add_tokens([AddedToken("<strip>", lstrip=True, rstrip=True, special=False), AddedToken("two words")])
    fast.chat_template = CHATML
    return fast


def llama3() -> PreTrainedTokenizerFast:
    """BOS before every text, from the post-processor."""
    special = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    tokenizer = byte_level(400, special)
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", 0)]),
        ]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|begin_of_text|>",
        eos_token="<|eot_id|>",
        clean_up_tokenization_spaces=False,
    )


def llama2() -> PreTrainedTokenizerFast:
    """BPE on characters with byte fallback, spaces as U+2581, one leading space stripped."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    # Few characters, so that most scripts need bytes.
    trainer = trainers.BpeTrainer(vocab_size=520, special_tokens=special, limit_alphabet=90, show_progress=False)
    spaced = ["▁" + sentence.replace(" ", "▁") for sentence in SENTENCES[:4] + SENTENCES[-1:]]
    tokenizer.train_from_iterator(spaced, trainer)
    tokenizer = Tokenizer.from_str(_without_byte_specials(tokenizer.to_str()))
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        clean_up_tokenization_spaces=False,
    )
    # Six characters in angle brackets, which byte fallback takes for a byte.
    fast.add_tokens([AddedToken("<abcd>", special=False)])
    return fast


def _without_byte_specials(serialised: str) -> str:
    """The trainer reserves ids only for special tokens; bytes are ordinary ones."""
    data = json.loads(serialised)
    data["added_tokens"] = [token for token in data["added_tokens"] if not token["content"].startswith("<0x")]
    return json.dumps(data)


def unigram() -> PreTrainedTokenizerFast:
    """Unigram with U+2581 put first, as T5 and Gemma's relatives; EOS after every text."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    trainer = trainers.UnigramTrainer(
        vocab_size=380, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        clean_up_tokenization_spaces=False,
    )


def wordpiece() -> PreTrainedTokenizerFast:
    """WordPiece: `##` inside words, a prefix and a suffix around the text, the clean-up of spaces on."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=True)
    trainer = trainers.WordPieceTrainer(
        vocab_size=400, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"], show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=16,
        clean_up_tokenization_spaces=True,
    )


def save(tokenizer: object, name: str, **options: object) -> None:
    """Convert a tokenizer and write its folder."""
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    tokenizer.save_pretrained(folder)
    for model, stem in zip(
        convert_tokenizer(tokenizer, with_detokenizer=True, **options),
        ("openvino_tokenizer", "openvino_detokenizer"),
        strict=True,
    ):
        ov.save_model(model, folder / f"{stem}.xml")


def sentencepiece() -> None:
    """The SentencePiece backend of the converter: its own operations, no `CombineSegments`, no `VocabDecoder`."""
    import sentencepiece as spm
    from transformers.tokenization_utils_sentencepiece import SentencePieceBackend

    for name, options in {
        "sentencepiece_bpe": {"model_type": "bpe", "remove_extra_whitespaces": False, "vocab_size": 520},
        "sentencepiece_unigram": {"model_type": "unigram", "remove_extra_whitespaces": True, "vocab_size": 480},
    }.items():
        written = io.BytesIO()
        spm.SentencePieceTrainer.train(
            sentence_iterator=iter(SENTENCES[:4] + SENTENCES[-1:]),
            model_writer=written,
            byte_fallback=True,
            character_coverage=0.98,
            hard_vocab_limit=False,
            normalization_rule_name="identity",
            minloglevel=2,
            **options,
        )
        file = HERE / "tokenizer.model"
        file.write_bytes(written.getvalue())
        tokenizer = SentencePieceBackend(
            vocab_file=str(file),
            bos_token="<s>",
            eos_token="</s>",
            unk_token="<unk>",
            special_tokens_pattern="bos",
            model_max_length=16,
            legacy=True,
        )
        save(tokenizer, name, truncation=True)
        file.unlink()


# Options of the conversion: texts cut to 16 tokens, as older conversions did by themselves, and padded to 16.
KINDS: dict[Callable[[], PreTrainedTokenizerFast], dict[str, object]] = {
    gpt2: {"truncation": True},
    qwen: {},
    llama3: {},
    llama2: {},
    unigram: {},
    wordpiece: {"use_max_padding": True},
}

if __name__ == "__main__":
    for kind, options in KINDS.items():
        save(kind(), kind.__name__, **options)
    if "--sentencepiece" in sys.argv:
        sentencepiece()
