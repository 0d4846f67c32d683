"""Rows: lines are wrapped between words as Textual wraps them, and blocks that begin alike are laid out once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.content import Content

from tui.widgets.block_layout import _PLAIN, lay_out, wrapped
from tui.widgets.growing_markdown import parse


@settings(max_examples=200, deadline=None)
@given(st.text("ab  é日\u0301", max_size=60), st.integers(2, 12))
def test_lines_are_wrapped_as_textual_wraps_them(text: str, width: int) -> None:
    ours = [text[begin:end].rstrip() for begin, end in wrapped(Content(text), width)]
    assert "".join("".join(ours).split()) == "".join(text.split())
    assert all(cell_len(row) <= width for row in ours)
    if any(cell_len(word) > width for word in text.split()):
        return  # the space behind a word that fills its last row begins the next one in Textual
    theirs = [piece.plain.rstrip() for piece in Content(text).wrap(width)]
    assert [row for row in ours if row] == [row for row in theirs if row]
    if text.strip() and not text.endswith(" "):  # Textual gives a space behind a full last row a row of its own
        assert ours == theirs


def test_every_character_of_plain_text_is_one_cell() -> None:
    plain = [chr(code) for code in range(0x10000) if _PLAIN.fullmatch(chr(code))]
    assert len(plain) > 500
    assert [each for each in plain if cell_len(each) != 1 or (each.isspace() and each != " ")] == []


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [("a\n\nb", "a\n\nb c", 0), ("- a\n- b\n", "- a\n- b\n- c", 2), ("- *a*\n", "- a\n", 0)],
)
def test_a_block_that_begins_as_the_one_before_is_laid_out_from_there_on(before: str, after: str, same: int) -> None:
    old, new = parse(before)[-1], parse(after)[-1]
    layout = lay_out(new, 20, (old, lay_out(old, 20)))
    assert layout.rows == lay_out(new, 20).rows
    assert layout.same == same
