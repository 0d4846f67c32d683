"""Large pastes kept aside: whatever goes in comes out, once."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tui.widgets import pastes as pastes_module
from tui.widgets.pastes import LIMIT, LONGEST_DRAFT, Pastes, tokens_in
from tui.widgets.prompt_text import CLOSE, OPEN, SPACE, hold, release, shown

LARGE = "x" * (LIMIT + 1)
# Text as people and files have it, and what is odd about it: controls, line ends, what looks like a token.
ODD = [
    "\x1b[31m",
    "\x00",
    "\x0c",
    "\x1c",
    "\x85",
    "\u2028",
    "\u2029",
    "\u202e",
    "\t",
    "\n",
    "[pasted 1 kB]",
    "漢字",
    "🏴",
]
CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Co", "Cn"], exclude_characters="\r")
TEXTS = st.one_of(st.sampled_from(ODD), st.text(CHARACTERS), st.sampled_from(["ab", "ba", "abab"]))


@pytest.fixture
def small() -> Iterator[None]:
    """Limits so small that texts of a few characters go through everything."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pastes_module, "LIMIT", 6)
        patch.setattr(pastes_module, "_SMALL", 2)
        patch.setattr(pastes_module, "LONGEST_DRAFT", 40)
        yield


@pytest.mark.usefixtures("small")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXTS, max_size=8), beside=st.integers(0, 9))
def test_pastes_in_any_number_and_order_expand_to_what_was_pasted(texts: list[str], beside: int) -> None:
    pastes = Pastes()
    held = [pastes.take(text, beside) for text in texts]
    assert pastes.expand("".join(held)) == "".join(texts)
    assert pastes.expand("".join(reversed(held))) == "".join(reversed(texts))
    if len("".join(texts).encode()) <= 40:
        assert pastes.draft("".join(held)) == "".join(texts)


@pytest.mark.usefixtures("small")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pasted=st.lists(TEXTS, max_size=4), order=st.lists(st.integers(0, 3), max_size=8), between=st.lists(TEXTS))
def test_a_text_that_is_folded_expands_to_itself(pasted: list[str], order: list[int], between: list[str]) -> None:
    pastes = Pastes()
    for text in pasted:
        pastes.take(text)
    known = [pasted[index] for index in order if index < len(pasted)]
    text = "".join(each for pair in itertools.zip_longest(known, between, fillvalue="") for each in pair)
    held = pastes.fold(text)
    assert pastes.expand(held) == text
    assert [part for part in re.split(f"{OPEN}[^{CLOSE}]*{CLOSE}", held) if len(release(part).encode()) > 6] == []


@given(text=TEXTS)
@example(text="".join(map(chr, range(0x100))).replace("\r", ""))
def test_what_the_document_holds_has_no_other_line_ends_and_shows_no_control(text: str) -> None:
    held = hold(text)
    assert release(held) == text
    assert len(f"{held}.".splitlines()) == held.count("\n") + 1
    assert len(shown(held)) == len(held)
    assert not set(shown(held)) & set(map(chr, [*range(9), *range(11, 32), *range(0x7F, 0xA0), 0x202E, 0x2066]))


@pytest.mark.parametrize("mark", [OPEN, CLOSE, SPACE, "\U0010fe00"])
def test_no_text_can_bring_a_mark_of_the_document_with_it(mark: str) -> None:
    pastes = Pastes()
    token = pastes.take(LARGE)
    assert pastes.expand(pastes.take(f"a{mark}b")) == "a\ufffdb"
    assert pastes.expand(pastes.take(token)) != LARGE


@pytest.mark.parametrize(
    ("size", "label"),
    [
        (20_001, "20 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (3_200_000, "3.2 MB"),
    ],
)
def test_the_label_tells_the_size(size: int, label: str) -> None:
    assert shown(Pastes().take("x" * size)) == f"[pasted {label}]"


def test_size_is_bytes() -> None:
    assert shown(Pastes().take("漢" * 7_000)) == "[pasted 21 kB]"


def test_labels_that_are_equal_are_numbered_and_the_same_text_has_one() -> None:
    pastes = Pastes()
    first, second, third = (pastes.take(letter * 25_000) for letter in "aba")
    assert (shown(first), shown(second), third) == ("[pasted 25 kB]", "[pasted 25 kB #2]", first)


def test_many_middling_pastes_do_not_add_up_to_a_slow_document() -> None:
    pastes = Pastes()
    assert tokens_in(pastes.take("x" * 15_000)) == []
    assert tokens_in(pastes.take("y" * 15_000, beside=15_000))
    assert tokens_in(pastes.take("a word", beside=100_000)) == []


def test_a_draft_names_what_is_too_long_to_store() -> None:
    pastes = Pastes()
    held = "a " + pastes.take("x" * LONGEST_DRAFT) + " b " + pastes.take("y" * 30_000)
    assert pastes.draft(held) == "a [pasted 1.0 MB, not kept] b " + "y" * 30_000


def test_what_nothing_refers_to_is_dropped_oldest_first() -> None:
    pastes = Pastes()
    tokens = [pastes.take(letter * 6_000_000) for letter in "abcd"]
    pastes.forget_all_but(tokens[0])
    assert [len(pastes.expand(token)) for token in tokens] == [6_000_000, 0, 6_000_000, 6_000_000]


def test_a_line_of_tabs_is_kept_aside_and_lines_with_tabs_are_not() -> None:
    pastes = Pastes()
    assert len(pastes.take("\t" * 10_000)) < 50
    assert len(pastes.fold("\t" * 10_000)) < 50
    code = "\tx = 1\n" * 2_500
    assert pastes.take(code) == pastes.fold(code) == code
