from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.engine.stopping import FinishReason, StopStrings, stop_token_ids


def run(stops, pieces):
    """(shown text, what was shown at each piece, whether it stopped, the stop string)."""
    search = StopStrings(stops)
    shown = []
    for piece in pieces:
        text, hit = search.feed(piece)
        shown.append(text)
        if hit:
            return "".join(shown), shown, True, search.matched
    return "".join(shown) + search.finish(), shown, False, search.matched


def oracle(stops, text):
    """(text before the stop string that is complete first, the longest such one; or all the text and None)."""
    for end in range(1, len(text) + 1):
        complete = [stop for stop in stops if text[:end].endswith(stop)]
        if complete:
            longest = max(complete, key=len)
            return text[: end - len(longest)], longest
    return text, None


def test_finish_reasons_are_the_words_of_the_json():
    assert [f"{reason}" for reason in FinishReason] == ["stop", "length", "cancelled"]


@pytest.mark.parametrize(
    ("stops", "pieces", "expected", "shown"),
    [
        (["END"], ["some E", "N", "D more"], ("some ", True), ["some ", "", ""]),
        (["END"], ["some E", "N", "X more"], ("some ENX more", False), ["some ", "", "ENX more"]),
        (["END"], ["some E", "N"], ("some EN", False), ["some ", ""]),
        (["\n\n"], ["a\n", "b\n", "\n", "c"], ("a\nb", True), ["a", "\nb", ""]),
        # The beginning of a second try lies inside the first.
        (["aab"], ["aa", "a", "b"], ("a", True), ["", "a", ""]),
        (["User:", "Us"], ["xUser:"], ("x", True), ["x"]),
        # Complete first wins, though another one began earlier.
        (["abcd", "bc"], ["xab", "c", "d"], ("xa", True), ["x", "a"]),
        # Complete at the same character: the longest is cut off, and nothing of it is shown.
        (["abc", "bc", "c"], ["xa", "b", "c"], ("x", True), ["x", "", ""]),
        (["é🙂"], ["café", "🙂", "!"], ("caf", True), ["caf", ""]),
        ([], ["any", "thing"], ("anything", False), ["any", "thing"]),
    ],
)
def test_stop_strings(stops, pieces, expected, shown):
    text, at_each, stopped, _ = run(stops, pieces)
    assert (text, stopped) == expected
    assert at_each == shown


def test_the_stop_string_found_is_told_and_stays_found():
    search = StopStrings(["b", "ab"])
    assert search.feed("xab and ab") == ("x", True)
    assert search.matched == "ab"
    assert search.feed("more") == ("", True)
    assert search.finish() == ""


LETTERS = st.text(alphabet="ab\n", max_size=30)
STOPS = st.lists(st.text(alphabet="ab\n", min_size=1, max_size=5), max_size=4)


@settings(deadline=None)
@given(STOPS, st.lists(st.text(alphabet="ab\n", max_size=6), max_size=12))
def test_the_result_is_that_of_a_search_in_the_whole_text(stops, pieces):
    text, _, stopped, matched = run(stops, pieces)
    assert (text, matched) == oracle(stops, "".join(pieces))
    assert stopped == (matched is not None)


@settings(deadline=None)
@given(STOPS, LETTERS)
def test_no_more_is_held_back_than_what_may_begin_a_stop_string(stops, text):
    before, found = oracle(stops, text)
    search = StopStrings(stops)
    shown = "".join(search.feed(character)[0] for character in text)
    held = before.removeprefix(shown)
    assert before.startswith(shown)
    if found is None:
        beginnings = [
            length for length in range(len(text) + 1) if any(s.startswith(text[len(text) - length :]) for s in stops)
        ]
        assert len(held) == (max(beginnings) if stops else 0)


def test_what_is_remembered_does_not_grow_with_the_text():
    search = StopStrings(["aaaab", "\nUser:"])
    search.feed("aaa and\nUse")
    size = len(pickle.dumps(vars(search)))
    for _ in range(10_000):
        search.feed("aaa and\nUse")
    assert len(pickle.dumps(vars(search))) == size


VOCABULARY = {"<|im_end|>": 7, "<|end|>": 8, "</s>": 2, "<|eot_id|>": 9, "<end_of_turn>": 10}


def ids(config=None, template="", eos=None):
    return stop_token_ids(config or {}, token_id=VOCABULARY.get, template_text=template, tokenizer_eos_id=eos)


def test_all_eos_ids_of_the_generation_config_stop_and_so_does_the_tokenizers():
    assert ids({"eos_token_id": 3}) == {3}
    assert ids({"eos_token_id": [3, 4]}) == {3, 4}
    assert ids({"eos_token_id": [3, 4]}, eos=5) == {3, 4, 5}
    assert ids(eos=0) == {0}
    assert ids() == frozenset()


@pytest.mark.parametrize("junk", [None, "3", True, -1, {"a": 1}, [None, "4", False], 2.0])
def test_junk_for_an_eos_id_is_passed_over(junk):
    assert ids({"eos_token_id": junk}, eos=5) == {5}


def test_end_of_turn_tokens_of_the_template_stop():
    assert ids(template="{{ '<|im_start|>user' }}{{ '<|im_end|>' }}", eos=1) == {1, 7}
    assert ids(template="<|eot_id|> and <end_of_turn>") == {9, 10}
    assert ids(template="<|user|>{{ text }}<|end|>") == {8}


def test_only_what_the_template_has_and_the_tokenizer_knows_as_one_token_counts():
    assert ids(template="no such tokens") == frozenset()
    assert ids(template="<|eom_id|> is text to this tokenizer") == frozenset()


def test_the_end_of_a_channel_is_not_the_end_of_the_turn():
    assert ids({"eos_token_id": 1}, template="<|channel|>analysis<|message|>...<|end|>") == {1}
