from __future__ import annotations

import itertools
import random
import re
import shutil
from pathlib import Path

import openvino as ov
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.tokenizers import HERE, KINDS, tokenizer
from tui.engine.detokenizer import TableDetokenizer, WindowDetokenizer, detokenizer
from tui.engine.errors import BadToken
from tui.engine.tokenizer import Tokenizer
from tui.engine.vocabulary import ByteLevel

TEXTS = {
    "prose": "We've seen that they don't stop, can't they ? No ! Odd , spaces . 'Quoted' words 'are' here.",
    "joined emoji": "👩‍👩‍👧‍👦🏳️‍🌈👍🏽🎉e\u0301" * 3,
    "CJK": "今天天气很好,我们去公园散步。日本語のテキストです。한국어 문장도 있습니다.",
    "Arabic": "مرحبا بالعالم، كيف حالك اليوم؟ שלום עולם.",
    "code": "def main():\n    return {'answer': 42}\n\n\n\tprint('##')  # ▁",
    "special": "<|im_start|>a<|im_end|><s>b</s><think>c</think> <strip> d two words e<abcd>f",
    "spaces": "     a  b   ",
}
# One-byte tokens of these kinds, by where byte 0 is.
BYTES = {"llama2": 3, "sentencepiece_bpe": 3, "sentencepiece_unigram": 3}
ODD_BYTES = b"\x00A \x80\x9f\xbf\xc0\xc1\xc3\xa9\xe0\xa0\xed\xe4\xb8\xad\xf0\x90\x9f\xf4\xf5\xf7\xf8\xff"


def stream(model: Tokenizer, ids: list[int], *, skip: bool = True) -> list[str]:
    running = detokenizer(model, skip_special_tokens=skip)
    assert isinstance(running, TableDetokenizer)
    return [*map(running.add, ids), running.finish()]


def check(model: Tokenizer, ids: list[int]) -> None:
    for skip in (True, False):
        assert "".join(stream(model, ids, skip=skip)) == model.decode(ids, skip_special_tokens=skip)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_any_ids(kind, data):
    model = tokenizer(kind)
    anything = st.integers(0, model.vocab_size + 2)
    first = st.integers(0, 12)  # special tokens and bytes
    check(model, data.draw(st.lists(anything | first, max_size=40)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", TEXTS)
def test_texts(kind, name):
    model = tokenizer(kind)
    ids = model.encode(TEXTS[name], add_special_tokens=True).tolist()
    check(model, ids)
    # Every beginning is a whole text too: generation may stop anywhere.
    for end in range(1, len(ids), 5):
        check(model, ids[:end])


@pytest.mark.parametrize("kind", BYTES)
@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(ODD_BYTES) | st.just(-1), max_size=12))
@example([0xE4, 0xB8, -1, 0xAD])
@example([0xE0, 0x80, 0x41])
@example([0xED, 0xA0, 0x80, 0x41])
@example([0xF4, 0x90, 0x80, 0x80])
def test_invalid_utf8(kind, data):
    # -1: BOS, which is not shown but stands between two bytes.
    check(tokenizer(kind), [1 if byte < 0 else BYTES[kind] + byte for byte in data])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(ODD_BYTES), max_size=12))
def test_invalid_utf8_of_byte_level(data):
    model = tokenizer("gpt2")
    of_byte = {model.vocabulary.pieces.piece(i): i for i in range(model.vocab_size)}
    check(model, [of_byte[bytes([byte])] for byte in data])


@pytest.mark.parametrize("kind", KINDS)
def test_spaces_at_the_start(kind):
    model = tokenizer(kind)
    pieces = model.vocabulary.pieces
    starts = [i for i in range(model.vocab_size) if pieces.piece(i).startswith(b" ")][:2]
    some = [0, 1, *starts, model.vocab_size, *(i for i in range(model.vocab_size) if pieces.piece(i) == b"a")]
    for ids in itertools.product(some, repeat=3):
        check(model, list(ids))


@pytest.mark.parametrize("kind", KINDS)
def test_thousands_of_tokens_without_a_line_end(kind):
    model = tokenizer(kind)
    rng = random.Random(7)
    ids = [rng.randrange(model.vocab_size) for _ in range(5000)]
    assert "".join(stream(model, ids)) == model.decode(ids)


@pytest.mark.parametrize("kind", ["qwen", "llama3", "llama2", "sentencepiece_bpe"])
def test_nothing_but_an_incomplete_character_is_held_back(kind):
    model = tokenizer(kind)
    ids = model.encode("x The dog, and the 'fox' . 日本 👍🏽 d", add_special_tokens=False).tolist()
    running = detokenizer(model)
    shown = ""
    for count, token_id in enumerate(ids, start=1):
        shown += running.add(token_id)
        now = model.decode(ids[:count])
        assert shown == now.rstrip("\N{REPLACEMENT CHARACTER}")


def test_the_clean_up_holds_back_a_space_only_until_it_is_decided():
    model = tokenizer("gpt2")
    running = detokenizer(model)
    ids = [model.token_id(character) for character in "a , b n't 'c"]
    assert [running.add(i) for i in ids] == ["a", "", ",", "", " b", "", "", "", "n't", "", "", " 'c"]


def test_special_tokens_in_the_stream():
    model = tokenizer("qwen")
    ids = model.encode("<think>a</think>b<|im_end|>c", add_special_tokens=False).tolist()
    assert stream(model, ids) == ["<think>", "a", "</think>", "b", "", "c", ""]
    assert stream(model, ids, skip=False) == ["<think>", "a", "</think>", "b", "<|im_end|>", "c", ""]


@pytest.mark.parametrize(
    ("kind", "text", "kept", "expected"),
    [
        ("qwen", "<|im_start|>a<|im_end|>b<|im_end|>", "<|im_end|>", "a<|im_end|>b<|im_end|>"),
        ("sentencepiece_bpe", "<s>a</s>b<s>", "</s>", "a</s> b"),
    ],
)
def test_special_tokens_that_are_kept(kind, text, kept, expected):
    model = tokenizer(kind)
    running = detokenizer(model, keep=[model.token_id(kept)])
    ids = model.encode(text, add_special_tokens=False).tolist()
    assert "".join([*map(running.add, ids), running.finish()]) == expected


def test_negative_ids_are_refused():
    with pytest.raises(BadToken):
        detokenizer(tokenizer("qwen")).add(-1)


@pytest.mark.parametrize("kind", KINDS)
def test_cost_of_a_token_does_not_grow(kind, monkeypatch):
    model = tokenizer(kind)
    sizes: list[int] = []

    def counted(rule):
        def make():
            running = rule()
            feed = running.feed

            def spy(data: bytes) -> bytes:
                out = feed(data)
                held = sum(len(value) for value in vars(running).values() if isinstance(value, bytes))
                sizes.append(len(data) + len(out) + held)
                return out

            running.feed = spy
            return running

        return make

    monkeypatch.setattr(model, "_decode_requests", None)  # no inference at all
    joiner = model.vocabulary.pieces.joiner(skip_special_tokens=True)
    running = TableDetokenizer(joiner, map(counted, model.vocabulary.rules))
    rng = random.Random(3)
    longest = max(len(model.vocabulary.pieces.piece(i)) for i in range(model.vocab_size))
    for _ in range(20_000):
        running.add(rng.randrange(model.vocab_size))
    # In, out and held: a token and a few bytes, U+FFFD three for one.
    assert max(sizes) <= 5 * (longest + 4)


def edited(kind: str, to: Path, *changes: tuple[str, str]) -> Tokenizer:
    """A tokenizer whose detokenizer's XML was changed."""
    folder = shutil.copytree(HERE / kind, to / kind)
    xml = folder / "openvino_detokenizer.xml"
    text = xml.read_text()
    for pattern, replacement in changes:
        text, count = re.subn(pattern, replacement, text, flags=re.DOTALL)
        assert count == 1, pattern
    xml.write_text(text)
    return Tokenizer.load(ov.Core(), folder)


def random_ids(model: Tokenizer, count: int) -> list[list[int]]:
    rng = random.Random(5)
    return [[rng.randrange(model.vocab_size) for _ in range(rng.randrange(1, 25))] for _ in range(count)]


@pytest.mark.parametrize("kind", ["qwen", "llama2", "sentencepiece_bpe"])
def test_conversion_that_drops_broken_characters(kind, tmp_path):
    model = edited(kind, tmp_path, ('replace_mode="true"', 'replace_mode="false"'))
    for ids in random_ids(model, 100):
        check(model, ids)


@pytest.mark.parametrize("kind", ["sentencepiece_bpe", "sentencepiece_unigram"])
def test_streaming_sentencepiece_operation(kind, tmp_path):
    model = edited(kind, tmp_path, ('type="SentencepieceDetokenizer"', 'type="SentencepieceStreamDetokenizer"'))
    for ids in random_ids(model, 100):
        assert "".join(stream(model, ids)) == model.decode(ids)


def test_conversion_older_than_2025(tmp_path):
    """Then the special tokens were an attribute of the operation, not an input."""
    xml = (HERE / "qwen" / "openvino_detokenizer.xml").read_text()
    number, layer = re.search(r'<layer id="(\d+)"[^>]*type="VocabDecoder".*?</layer>', xml, re.DOTALL).group(1, 0)
    older = re.sub(r'skip_tokens="[^"]*"', 'skip_tokens="0, 1, 2"', layer)
    older = re.sub(r'\s*<port id="4"[^>]*>(?=.*</input>).*?</port>', "", older, count=1, flags=re.DOTALL)
    edge = rf'\s*<edge [^>]*to-layer="{number}" to-port="4" ?/>'
    model = edited("qwen", tmp_path, (re.escape(layer), older.replace("\\", r"\\")), (edge, ""))
    assert model.vocabulary.pieces.skipped == {0, 1, 2}
    for ids in random_ids(model, 50):
        check(model, ids)


class TestUnknownGraphs:
    """Where the rules are not known, the text comes from the graph itself, through a window."""

    KINDS = ("qwen", "llama3", "llama2", "unigram", "sentencepiece_bpe")

    def test_is_chosen(self, tmp_path):
        folder = shutil.copytree(HERE / "gpt2", tmp_path / "gpt2")
        weights = folder / "openvino_detokenizer.bin"
        data = weights.read_bytes()
        assert data.count(b"(?| (") == 1
        weights.write_bytes(data.replace(b"(?| (", b"(?: ("))
        model = Tokenizer.load(ov.Core(), folder)
        assert model.vocabulary is None
        assert model.vocab_size == 0
        running = detokenizer(model)
        assert isinstance(running, WindowDetokenizer)
        ids = model.encode("The model answers.", add_special_tokens=False).tolist()
        assert "".join([*map(running.add, ids), running.finish()]) == "The model answers."
        assert model.token_text(ids[0]) == "The"
        assert model.token_id("<|endoftext|>") == 0

    @pytest.mark.parametrize("kind", KINDS)
    def test_text_is_whole(self, kind):
        model = tokenizer(kind)
        written = [model.encode(text, add_special_tokens=True).tolist() for text in TEXTS.values()]
        for ids in [*written, *random_ids(model, 20)]:
            for skip in (True, False):
                running = WindowDetokenizer(model, skip_special_tokens=skip)
                text = "".join([*map(running.add, ids), running.finish()])
                assert text == model.decode(ids, skip_special_tokens=skip)

    @pytest.mark.parametrize("kind", KINDS)
    def test_window_does_not_grow(self, kind, monkeypatch):
        model = tokenizer(kind)
        sizes = []
        decode = model.decode
        monkeypatch.setattr(model, "decode", lambda ids, **options: sizes.append(len(ids)) or decode(ids, **options))
        running = WindowDetokenizer(model, skip_special_tokens=True)
        rng = random.Random(2)
        for _ in range(500):
            running.add(rng.randrange(model.vocab_size))
        most = WindowDetokenizer.WAITING + WindowDetokenizer.CONTEXT + 2
        assert max(sizes) <= most
        assert len(sizes) <= 3 * 500


def test_byte_level_tokens_of_older_conversions():
    assert ByteLevel().feed("ĠaĊÃ©".encode()) == " a\né".encode()
    special = "<｜end▁of▁sentence｜>".encode()
    assert ByteLevel().feed(special) == special
