"""Tokens in rows: nothing is lost, no row is too wide, and a row is found by its token."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.widgets.token_layout import lay_out


def rows(texts: list[str], width: int, cut: int = 0) -> list[str]:
    laid_out = lay_out(texts, width, cut)
    return [
        "".join(texts[token][begin:end] for token, begin, end in laid_out.parts(row, texts))
        for row in range(len(laid_out))
    ]


def test_a_token_stays_whole_where_a_row_has_room_for_it():
    assert rows(["The", " quick", " brown", " fox"], 10) == ["The quick", " brown fox"]


def test_a_token_longer_than_a_row_is_broken():
    assert rows(["a", "bcdefghijkl", "m"], 5) == ["abcde", "fghij", "klm"]


def test_a_line_end_ends_the_row():
    assert rows(["one↵\n", "↵\n", "two", "↵\nthree"], 20) == ["one↵", "↵", "two↵", "three"]


def test_wide_characters_are_never_cut_in_half():
    assert rows(["字典字", "典"], 5) == ["字典", "字典"]
    assert rows(["a字典", "字典字典"], 5) == ["a字典", "字典", "字典"]


def test_a_row_can_be_made_to_begin_at_a_token():
    assert rows(["one", " two", " three"], 20, cut=1) == ["one", " two three"]


TEXTS = st.lists(st.text(st.sampled_from("ab 字é\n👍"), min_size=1, max_size=9), max_size=30)


@given(TEXTS, st.integers(2, 12), st.integers(0, 30))
def test_every_character_is_in_one_row_and_no_row_is_too_wide(texts, width, cut):
    laid_out = lay_out(texts, width, cut)
    found = rows(texts, width, cut)
    assert "".join(found) == "".join(texts).replace("\n", "")
    assert all(cell_len(row) <= width for row in found)
    for token, text in enumerate(texts):
        if text[0] != "\n":
            row = laid_out.row_of(token)
            assert (token, 0) in [(each, begin) for each, begin, _ in laid_out.parts(row, texts)]
