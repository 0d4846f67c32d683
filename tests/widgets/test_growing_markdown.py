"""Markdown as it comes, in pieces: it looks like the whole, and what it costs does not grow with it."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.widgets.markdown import DOCUMENT, documents, long_documents, rows_of
from tui.widgets import growing_markdown, markdown_inline
from tui.widgets.growing_markdown import GrowingMarkdown, parse
from tui.widgets.markdown_blocks import Code


def _in_pieces(markdown: str, data: st.DataObject) -> GrowingMarkdown:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(markdown)), max_size=12)))
    growing = GrowingMarkdown()
    for begin, end in zip([0, *cuts], [*cuts, len(markdown)], strict=True):
        before = growing.blocks[:]
        kept = growing.add(markdown[begin:end])
        assert growing.blocks[:kept] == before[:kept]
    return growing


@settings(max_examples=40, deadline=None)
@given(documents, st.data())
def test_pieces_come_out_as_the_whole(markdown: str, data: st.DataObject) -> None:
    growing, whole = _in_pieces(markdown, data), parse(markdown)
    assert len(growing.blocks) == len(whole)
    for one, other in zip(growing.blocks, whole, strict=True):
        assert all(part.same(its) for part, its in zip(one.parts, other.parts, strict=True))


@pytest.mark.parametrize(
    "markdown", ["1. a\n\n2. b", "a\n#b", "> a\n#b", "* a\n\n**b**", "```\na\n```b\nc", "- a\n\n1986 was b", DOCUMENT]
)
def test_character_by_character_it_comes_out_as_the_whole(markdown: str) -> None:
    growing = GrowingMarkdown()
    for character in markdown:
        growing.add(character)
    assert rows_of(growing.blocks) == rows_of(parse(markdown))


@pytest.fixture(scope="module")
def short_pieces() -> object:
    """Everything is cut that can be cut."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(growing_markdown, "_PIECE", 3)
        patch.setattr(markdown_inline, "_LONGEST", 8)
        yield


@settings(max_examples=100, deadline=None)
@given(long_documents, st.data())
@pytest.mark.usefixtures("short_pieces")
def test_where_it_is_cut_does_not_depend_on_how_it_came(markdown: str, data: st.DataObject) -> None:
    assert rows_of(_in_pieces(markdown, data).blocks) == rows_of(parse(markdown))


@settings(max_examples=60, deadline=None)
@given(long_documents)
@pytest.mark.usefixtures("short_pieces")
def test_no_word_is_lost_where_it_is_cut(markdown: str) -> None:
    assume("x|" not in markdown)  # of a row with more cells than the heading, GFM leaves the rest out
    text = "".join(rows_of(parse(markdown)))
    for letter in "abcdefghijklmnqrstuvx":
        assert text.count(letter) == markdown.count(letter)


@pytest.mark.parametrize(
    ("begin", "line"),
    [
        ("", "- an item\n"),
        ("", "7. an item\n"),
        ("| a | b |\n|---|---|\n", "| c | d |\n"),
        ("```py\n", "x = 1\n"),
        ("~~~\n", "\n"),
    ],
)
def test_what_is_parsed_again_does_not_grow(begin: str, line: str) -> None:
    growing = GrowingMarkdown(begin)
    most = 0
    for _ in range(500):
        growing.add(line)
        most = max(most, growing.open_length)
    assert most < 60 * max(len(line), 2)
    assert len(rows_of(growing.blocks)) >= 500


def test_numbers_go_on_behind_a_cut() -> None:
    numbers = [row.split(".")[0].strip() for row in rows_of(parse("1. x\n" * 150))]
    assert numbers == [str(number) for number in range(1, 151)]


def test_a_later_piece_of_a_table_stands_under_the_first() -> None:
    rows = rows_of(parse("| name | what |\n|---|---|\n" + "| long | short |\n| a | b |\n" * 100))
    assert len(rows) == 202
    assert {row.index("short") for row in rows[2::2]} == {row.index("b") for row in rows[3::2]}


def test_a_long_block_of_code_is_one_block_when_it_is_closed() -> None:
    growing = GrowingMarkdown("text\n\n```py\n")
    for number in range(200):
        growing.add(f"x = {number}\n")
    assert len(growing.blocks) > 3
    growing.add("```\n\nmore")
    [code] = [part for block in growing.blocks for part in block.parts if isinstance(part, Code)]
    assert (code.closed, code.number, code.code.count("\n")) == (True, 1, 199)
    growing.add("\n\n```\nanother")
    assert rows_of(growing.blocks)[-2].startswith("─ 2 ")
