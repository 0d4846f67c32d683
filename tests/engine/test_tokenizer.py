from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openvino import opset15

from tests.tokenizers import HERE, KINDS, tokenizer
from tui.engine import tokenizer_graph
from tui.engine.errors import BadText, BadToken, ModelBroken, ModelNotSupported, OvchatError, TokenizerMissing
from tui.engine.tokenizer import Tokenizer

AROUND = {
    "gpt2": ((), ()),
    "qwen": ((), ()),
    "llama3": ((0,), ()),
    "llama2": ((1,), ()),
    "unigram": ((), (1,)),
    "wordpiece": ((2,), (3,)),
    "sentencepiece_bpe": ((1,), ()),
    "sentencepiece_unigram": ((1,), ()),
}
# Kinds that lose nothing of a text.
EXACT = ("gpt2", "qwen", "llama3", "llama2", "sentencepiece_bpe")
TEXTS = [
    "The other thing is that I can't say more.",
    "  two  spaces, a tab\tand\n\n lines \n",
    "def main():\n    return {'answer': 42}",
    "今天天气很好 日本語 한국어",
    "مرحبا بالعالم",
    "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽",
    "a",
]


@pytest.fixture(scope="module")
def reference():
    transformers = pytest.importorskip("transformers")
    return {
        kind: transformers.PreTrainedTokenizerFast.from_pretrained(HERE / kind)
        for kind in KINDS
        if (HERE / kind / "tokenizer.json").exists()
    }


@pytest.mark.parametrize("kind", ["gpt2", "qwen", "llama3", "llama2"])
@pytest.mark.parametrize("text", TEXTS)
def test_encodes_as_transformers_does(kind, text, reference):
    for add in (False, True):
        expected = reference[kind](text, add_special_tokens=add, truncation=False)["input_ids"]
        assert tokenizer(kind).encode(text, add_special_tokens=add).tolist() == expected


@pytest.mark.parametrize("kind", ["qwen", "llama3"])
@pytest.mark.parametrize("skip", [False, True])
def test_decodes_as_transformers_does(kind, skip, reference):
    for text in TEXTS:
        ids = tokenizer(kind).encode(f"{text}<|im_end|><|eot_id|>{text}", add_special_tokens=True)
        expected = reference[kind].decode(ids, skip_special_tokens=skip)
        assert tokenizer(kind).decode(ids, skip_special_tokens=skip) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_special_tokens_on_and_off(kind):
    prefix, suffix = AROUND[kind]
    model = tokenizer(kind)
    plain = model.encode("The model", add_special_tokens=False)
    around = model.encode("The model", add_special_tokens=True)
    assert plain.dtype == around.dtype == np.int64
    assert plain.size
    assert not {*prefix, *suffix} & {*plain.tolist()}
    assert around.tolist() == [*prefix, *plain.tolist(), *suffix]
    assert model.encode("", add_special_tokens=True).tolist() == [*prefix, *suffix]


@pytest.mark.parametrize(
    ("kind", "bos"), [("llama3", "<|begin_of_text|>"), ("llama2", "<s>"), ("sentencepiece_bpe", "<s>")]
)
def test_no_double_bos(kind, bos):
    model = tokenizer(kind)
    ids = model.encode(f"{bos}Hello", add_special_tokens=True).tolist()
    assert ids.count(ids[0]) == 1
    assert model.token_text(ids[0]) == bos
    assert ids == model.encode(f"{bos}Hello", add_special_tokens=False).tolist()


def test_empty_text_runs_nothing(monkeypatch):
    model = tokenizer("qwen")
    monkeypatch.setattr(model, "_encode_request", None)
    assert model.encode("", add_special_tokens=False).shape == (0,)
    assert model.decode([]) == ""


@pytest.mark.parametrize("kind", EXACT)
@pytest.mark.parametrize("text", ["\0", "a\0b", "a\0\0", "\0\0a", "\x01\x7f\ufffe"])
def test_control_characters_survive(kind, text):
    model = tokenizer(kind)
    ids = model.encode("x" + text, add_special_tokens=False)
    assert model.decode(ids) == "x" + text


@pytest.mark.parametrize("kind", EXACT)
@settings(max_examples=60, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_round_trip(kind, text):
    model = tokenizer(kind)
    # A letter first: some kinds strip a leading space. NFC and the clean-up of spaces change other texts.
    text = "x" + (text.replace(" ", "") if kind == "gpt2" else text)
    ids = model.encode(text, add_special_tokens=False)
    back = model.decode(ids, skip_special_tokens=False)
    if kind == "qwen":
        assert unicodedata.normalize("NFC", back) == unicodedata.normalize("NFC", text)
    elif "\u2581" not in text:  # the space of SentencePiece
        assert back == text


@pytest.mark.parametrize(("text", "position"), [("\ud800", 1), ("ab\udfff", 3), ("日\ud83dx", 2)])
def test_lone_surrogate_is_refused(text, position):
    with pytest.raises(BadText, match=rf"character {position}\b"):
        tokenizer("qwen").encode(text, add_special_tokens=False)


@pytest.mark.parametrize("ids", [[-1], [5, -3], [2**31], [2**40]])
def test_ids_that_are_none_are_refused(ids):
    with pytest.raises(BadToken):
        tokenizer("qwen").decode(ids)


@pytest.mark.parametrize("kind", KINDS)
def test_ids_past_the_vocabulary_mean_nothing(kind):
    model = tokenizer(kind)
    ids = model.encode("The model", add_special_tokens=False).tolist()
    assert model.decode([*ids, model.vocab_size, model.vocab_size + 1000]) == model.decode(ids)


@pytest.mark.parametrize("kind", ["gpt2", "qwen", "llama3", "llama2", "unigram", "wordpiece"])
def test_vocab_size(kind, reference):
    assert tokenizer(kind).vocab_size == max(reference[kind].get_vocab().values()) + 1


def test_special_tokens_can_be_shown():
    qwen = tokenizer("qwen")
    ids = qwen.encode("<|im_start|>user\nhi<|im_end|>", add_special_tokens=False)
    assert qwen.decode(ids) == "user\nhi"
    assert qwen.decode(ids, skip_special_tokens=False) == "<|im_start|>user\nhi<|im_end|>"
    assert tokenizer("sentencepiece_bpe").decode([1, 2], skip_special_tokens=False) == "<s></s>"


def test_one_token():
    qwen = tokenizer("qwen")
    im_end = qwen.token_id("<|im_end|>")
    assert im_end == qwen.eos_id == 2
    assert qwen.token_text(2) == "<|im_end|>"
    assert qwen.token_id("<think>") is not None
    assert qwen.token_id("<|im_end|><|im_end|>") is None
    assert qwen.token_id("not one token") is None
    assert qwen.token_id("") is None
    assert qwen.token_text(10**6) == ""
    llama2 = tokenizer("llama2")
    assert llama2.token_text(3 + 0xE4) == "\N{REPLACEMENT CHARACTER}"
    assert llama2.token_text(3 + ord("\n")) == "\n"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("gpt2", ("<|endoftext|>", "<|endoftext|>", 0, None, None)),
        ("qwen", (None, "<|im_end|>", 2, "<|endoftext|>", None)),
        ("llama2", ("<s>", "</s>", 2, None, "<unk>")),
        # Its encoder never reads `</s>` as one token, but it is one.
        ("sentencepiece_unigram", ("<s>", "</s>", 2, None, "<unk>")),
    ],
)
def test_special_tokens_by_role(kind, expected):
    t = tokenizer(kind)
    text = t.special_tokens.get
    assert (text("bos_token"), text("eos_token"), t.eos_id, text("pad_token"), text("unk_token")) == expected


def copy(kind: str, to: Path) -> Path:
    return shutil.copytree(HERE / kind, to / kind)


def test_special_tokens_from_files(tmp_path):
    folder = copy("llama2", tmp_path)
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"bos_token": {"content": "<BOS>", "lstrip": False}, "eos_token": None, "add_bos_token": True})
    )
    (folder / "special_tokens_map.json").write_text(json.dumps({"bos_token": "<old>", "pad_token": "<pad>"}))
    model = Tokenizer.load(ov.Core(), folder)
    assert model.special_tokens == {"bos_token": "<BOS>", "pad_token": "<pad>"}


def test_special_tokens_without_files(tmp_path):
    folder = copy("llama2", tmp_path)
    (folder / "tokenizer_config.json").unlink()
    assert Tokenizer.load(ov.Core(), folder).special_tokens == {"bos_token": "<s>", "eos_token": "</s>"}


def test_broken_configuration_names_file_and_line(tmp_path):
    folder = copy("llama2", tmp_path)
    (folder / "tokenizer_config.json").write_text('{\n  "bos_token": ,\n}')
    with pytest.raises(ModelBroken, match=r"tokenizer_config\.json is broken in line 2"):
        Tokenizer.load(ov.Core(), folder)


def test_rt_info_has_the_chat_template():
    assert "<|im_start|>" in tokenizer("qwen").rt_info["chat_template"]
    assert tokenizer("qwen").rt_info["eos_token_id"] == "2"


@pytest.mark.parametrize("kind", ["gpt2", "sentencepiece_bpe", "sentencepiece_unigram"])
def test_long_texts_are_never_cut(kind):
    # These were converted to cut at 16 tokens.
    text = "The quick brown fox jumps over the lazy dog" * 5000
    ids = tokenizer(kind).encode(text, add_special_tokens=True)
    assert len(ids) >= 50_000
    assert tokenizer(kind).decode(ids) == text


def test_cutting_as_conversions_before_2024_5_wrote_it():
    length = opset15.parameter([], np.int32)
    model = ov.Model([opset15.minimum(length, opset15.constant(np.int32(16)))], [length])
    tokenizer_graph.never_truncate(model)
    assert ov.Core().compile_model(model, "CPU")([np.int32(100_000)])[0] == 100_000


def test_padding_is_taken_off():
    # The graph was converted to pad to 16 tokens.
    assert tokenizer("wordpiece").encode("the", add_special_tokens=True).size < 6


def test_many_threads():
    model = tokenizer("qwen")
    texts = [f"{text} {i}" for i in range(20) for text in TEXTS]
    expected = [model.encode(text, add_special_tokens=False).tolist() for text in texts]

    def both(text: str) -> tuple[list[int], str]:
        ids = model.encode(text, add_special_tokens=False)
        return ids.tolist(), model.decode(ids)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(both, texts)) == list(zip(expected, texts, strict=True))


@pytest.mark.parametrize(
    "name", ["openvino_tokenizer.xml", "openvino_tokenizer.bin", "openvino_detokenizer.xml", "openvino_detokenizer.bin"]
)
def test_missing_file(tmp_path, name):
    folder = copy("qwen", tmp_path)
    (folder / name).unlink()
    with pytest.raises(TokenizerMissing, match=name) as caught:
        Tokenizer.load(ov.Core(), folder)
    assert "--tokenizer-only" in caught.value.next_step


@pytest.mark.parametrize("content", [b"", b"version https://git-lfs.github.com/spec/v1\n", b"<net><layers>"])
def test_broken_xml(tmp_path, content):
    folder = copy("qwen", tmp_path)
    (folder / "openvino_tokenizer.xml").write_bytes(content)
    with pytest.raises(ModelBroken, match=r"openvino_tokenizer\.xml is "):
        Tokenizer.load(ov.Core(), folder)


def test_truncated_weights(tmp_path):
    folder = copy("qwen", tmp_path)
    (folder / "openvino_detokenizer.bin").write_bytes(b"\0" * 10)
    with pytest.raises(ModelBroken, match=r"openvino_detokenizer\.bin is cut off"):
        Tokenizer.load(ov.Core(), folder)


def test_a_tokenizer_of_pairs_is_refused():
    texts = [opset15.parameter([-1], ov.Type.string) for _ in range(2)]
    encoder = ov.Model([opset15.concat(texts, 0)], texts)
    with pytest.raises(ModelNotSupported, match="takes 2 texts"):
        tokenizer_graph.bytes_in(encoder)


def test_newer_operations(tmp_path):
    folder = copy("qwen", tmp_path)
    xml = folder / "openvino_tokenizer.xml"
    xml.write_text(xml.read_text().replace('type="BPETokenizer"', 'type="BPETokenizer9"'))
    with pytest.raises(ModelBroken, match="uses operations that this OpenVINO"):
        Tokenizer.load(ov.Core(), folder)


def test_extension_that_does_not_fit(tmp_path, monkeypatch):
    library = tmp_path / "libopenvino_tokenizers.so"
    library.write_bytes(b"no library")
    monkeypatch.setattr(tokenizer_graph, "_extension", lambda: str(library))
    with pytest.raises(OvchatError, match="cannot load the OpenVINO Tokenizers"):
        Tokenizer.load(ov.Core(), HERE / "qwen")


@pytest.mark.parametrize("kind", ["llama3", "sentencepiece_bpe"])
def test_process_ends_with_code_0(kind):
    # Nodes that outlive their Core end the process with a segmentation fault, unless the extension stays loaded.
    script = f"""
        from pathlib import Path

        import openvino as ov

        from tui.engine.tokenizer import Tokenizer

        def use(folder):
            global kept
            core = ov.Core()
            model = Tokenizer.load(core, folder)
            model.decode(model.encode("hello", add_special_tokens=True), skip_special_tokens=False)
            kept = core.read_model(folder / "openvino_tokenizer.xml").get_ops()

        use(Path({str(HERE / kind)!r}))
    """
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
