from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.engine.reasoning import TAGS, Channel, ReasoningSplitter, begun_thinking, marker_token_ids, opened_by


def split(pieces, opened=""):
    """(reasoning, answer, order of the channels)."""
    splitter = ReasoningSplitter(opened)
    out = [each for piece in pieces for each in splitter.feed(piece)] + splitter.finish()
    assert all(text for _, text in out)
    order = [channel for channel, _ in itertools.groupby(out, key=lambda each: each[0])]
    texts = {channel: "".join(text for each, text in out if each == channel) for channel in Channel}
    return texts[Channel.REASONING], texts[Channel.ANSWER], order


CASES = [
    ("Just an answer.", "", "", "Just an answer."),
    ("  indented\n", "", "", "  indented\n"),
    ("", "", "", ""),
    (" \n", "", "", " \n"),
    ("<think>\nHm, 2+2.\n</think>\n\nFour.", "", "Hm, 2+2.", "Four."),
    ("\n<think>Hm</think>Four. ", "", "Hm", "Four. "),
    ("<think>\n\n</think>\n\nFour.", "", "", "Four."),
    # The template began the thinking.
    ("Hm, 2+2.\n</think>\n\nFour.", "<think>", "Hm, 2+2.", "Four."),
    ("\nHm\n", "<think>", "Hm", ""),
    # Cut off, in the tag, in the text, in the closing tag.
    ("<thi", "", "", "<thi"),
    ("<think>Hm, a\n\n", "", "Hm, a", ""),
    ("<think>Hm </thi", "", "Hm </thi", ""),
    ("<think>Hm</think> \n", "", "Hm", ""),
    # White space inside stays; what only looks like a tag is text.
    ("<think>a\n\n  b < c </ think> d</think>e\n\nf", "", "a\n\n  b < c </ think> d", "e\n\nf"),
    ("<thinker>x", "", "", "<thinker>x"),
    # Only the beginning counts: an answer may speak of tags.
    ("Use <think> and </think> so.", "", "", "Use <think> and </think> so."),
    ("<think>Hm</think>Use <think>x</think>.", "", "Hm", "Use <think>x</think>."),
    ("<think>a</think>\n<think>b</think>\nc", "", "ab", "c"),
    ("<think>a <think> b</think>c", "", "a <think> b", "c"),
    ("[THINK]Hm[/THINK]Four.", "", "Hm", "Four."),
    ("<|START_THINKING|>Hm<|END_THINKING|><|START_RESPONSE|>Four.", "", "Hm", "Four."),
    (
        "<|channel|>analysis<|message|>Hm<|end|><|start|>assistant<|channel|>final<|message|>Four.",
        "",
        "Hm",
        "Four.",
    ),
    ("<|channel|>final<|message|>Four.", "", "", "Four."),
    ("<|channel>thought\nHm\n<channel|>Four.", "", "Hm", "Four."),
]


@pytest.mark.parametrize(("text", "opened", "reasoning", "answer"), CASES)
def test_every_cut_gives_the_same(text, opened, reasoning, answer):
    expected = (reasoning, answer)
    assert split([text], opened)[:2] == expected
    assert split(text, opened)[:2] == expected
    for at in range(len(text) + 1):
        assert split([text[:at], text[at:]], opened)[:2] == expected


@pytest.mark.parametrize(("tag", "closing"), TAGS.items())
def test_every_pair_of_tags(tag, closing):
    reasoning, answer, order = split(f"{tag}\nHm\n{closing}\n\nFour.")
    assert (reasoning, answer, order) == ("Hm", "Four.", [Channel.REASONING, Channel.ANSWER])
    assert split("Hm" + closing + "Four.", opened=tag)[:2] == ("Hm", "Four.")


def test_no_tag_begins_with_another():
    assert not [(a, b) for a, b in itertools.permutations(TAGS, 2) if a.startswith(b)]


PARTS = st.sampled_from(
    ["<think>", "</think>", "<th", "ink>", "</", " ", "\n", "a", "<", "[THINK]", "[/THINK]", "<|end|>", "<|channel|>"]
)


@settings(deadline=None)
@given(st.lists(PARTS, max_size=10), st.sampled_from(["", "<think>", "[THINK]"]), st.data())
def test_any_cut_of_any_text_gives_the_same_and_loses_only_tags_and_white_space(parts, opened, data):
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    pieces = [text[a:b] for a, b in itertools.pairwise([0, *cuts, len(text)])]
    whole = split([text], opened)
    assert split(pieces, opened) == whole
    assert split(text, opened) == whole

    reasoning, answer, _ = whole
    assert text.endswith(answer)
    kept = (reasoning + answer).split()
    rest = iter("".join(text.split()))
    assert all(character in rest for character in "".join(kept))


@settings(deadline=None)
@given(st.text(alphabet="ab <\n>", max_size=20))
def test_text_without_tags_is_unchanged(text):
    assert split(text)[:2] == ("", text)


def test_the_answer_is_not_held_back():
    splitter = ReasoningSplitter()
    assert splitter.feed("H") == [(Channel.ANSWER, "H")]
    assert splitter.feed("i <") == [(Channel.ANSWER, "i <")]
    assert splitter.feed("think>") == [(Channel.ANSWER, "think>")]


def test_thinking_is_held_back_only_where_it_may_end():
    splitter = ReasoningSplitter()
    assert splitter.feed("<think>") == []
    assert splitter.feed("Hm") == [(Channel.REASONING, "Hm")]
    assert splitter.feed(" </t") == []
    assert splitter.feed("d>") == [(Channel.REASONING, " </td>")]


@pytest.mark.parametrize(
    ("prompt", "tag"),
    [
        ("<|im_start|>assistant\n<think>\n", "<think>"),
        ("<|Assistant|><think>", "<think>"),
        ("[INST]Hi[/INST][THINK]", "[THINK]"),
        ("<|im_start|>assistant\n<think>\n\n</think>\n\n", ""),
        ("<|im_start|>user\nWhat is <think>?<|im_end|>\n<|im_start|>assistant\n", ""),
        ("", ""),
    ],
)
def test_opened_by(prompt, tag):
    assert opened_by(prompt) == tag


def test_the_tokens_that_tags_are_made_of():
    vocabulary = {"<|channel|>": 1, "<|message|>": 2, "<|end|>": 3, "<|start|>": 4, "[THINK]": 5, "analysis": 6}
    template = "<|start|>assistant<|channel|>analysis<|message|>{{ text }}<|end|>"
    assert marker_token_ids(vocabulary.get, template) == {1, 2, 3, 4}
    assert marker_token_ids(vocabulary.get, "[INST][THINK][/THINK]") == {5}
    assert marker_token_ids(vocabulary.get, "") == frozenset()


@pytest.mark.parametrize(
    ("prompt", "thinking", "text", "template", "begun"),
    [
        ("<assistant>", "", "Yes", "... <think> ...", "Yes"),
        ("<assistant>", "Hm", "Yes", "... <think> ...", "<think>\nHm\n</think>\n\nYes"),
        ("<assistant>", "Hm", "", "... [THINK] ...", "[THINK]\nHm"),
        ("<assistant>", "Hm", "Yes", "no tags", "Yes"),
        # The prompt has opened the thinking: what goes on after it has to close it.
        ("<assistant><think>\n", "", "Yes", "", "<think>\n</think>\n\nYes"),
        ("<assistant><think>\n", "Hm", "", "", "<think>\nHm"),
    ],
)
def test_an_answer_that_has_begun_has_its_thinking_in_the_models_tags(prompt, thinking, text, template, begun):
    assert begun_thinking(prompt, thinking, text, template) == begun
    splitter = ReasoningSplitter(opened_by(prompt))
    pieces = [*splitter.feed(begun.removeprefix("<think>\n") if opened_by(prompt) else begun), *splitter.finish()]
    said = "".join(each for channel, each in pieces if channel is Channel.ANSWER)
    assert said == text
