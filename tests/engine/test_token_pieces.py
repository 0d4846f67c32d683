"""Tokens one by one: together they are the text, whatever they cut in two, and special ones are marked."""

from __future__ import annotations

import pytest

from tests.tokenizers import KINDS, tokenizer

TEXT = "Hello there,  the 天气 is\n\tgood 👍🏽 today"
# Kinds that lose nothing of a text, and have a token for each of its bytes.
EXACT = ("gpt2", "qwen", "llama3", "llama2", "sentencepiece_bpe")


def text_of(pieces) -> str:
    return "".join(text for place, text in enumerate(pieces.texts) if place not in pieces.parts)


@pytest.mark.parametrize("kind", EXACT)
def test_the_pieces_are_the_text(kind):
    found = tokenizer(kind)
    ids = found.encode(TEXT, add_special_tokens=False).tolist()
    pieces = found.pieces(ids)
    assert list(pieces.ids) == ids
    assert text_of(pieces).strip() == TEXT
    assert not pieces.special & set(ids)


def test_bytes_of_a_character_are_shown_until_it_is_whole():
    found = tokenizer("gpt2")
    ids = found.encode("👍", add_special_tokens=False).tolist()
    pieces = found.pieces(ids)
    assert len(ids) > 1
    assert pieces.texts[-1] == "👍"
    assert pieces.parts == set(range(len(ids) - 1))
    assert pieces.texts[0].startswith("<0xF0>")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_put_around_a_text_is_special_and_visible(kind):
    found = tokenizer(kind)
    ids = found.encode("Hello", add_special_tokens=True).tolist()
    pieces = found.pieces(ids)
    around = {*found.prefix, *found.suffix}
    # What is in no vocabulary is a sign, too.
    assert {found.token_text(token).strip() for token in pieces.special - around} <= {"<unk>", "[UNK]"}
    assert pieces.special >= around
    assert all(text for token, text in zip(pieces.ids, pieces.texts, strict=True) if token in around)
