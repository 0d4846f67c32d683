"""What a selection takes of blocks: the text as it was written, at every width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.geometry import Offset
from textual.selection import Selection

from tests.widgets.markdown import DOCUMENT, documents, long_documents
from tui.widgets.block_copy import selected_text
from tui.widgets.block_layout import lay_out
from tui.widgets.growing_markdown import GrowingMarkdown, parse

ALL = Selection(None, None)


def selected(markdown: str, selection: Selection = ALL, width: int = 20) -> str:
    return selected_text([(block, lay_out(block, width)) for block in parse(markdown)], width, selection)


def between(begin: tuple[int, int], end: tuple[int, int]) -> Selection:
    """From a line and a column up to another."""
    return Selection(Offset(begin[1], begin[0]), Offset(end[1], end[0]))


@pytest.mark.parametrize(
    ("markdown", "copied"),
    [
        ("A paragraph of so many words that it takes some rows.", None),
        ("one  \ntwo", "one\ntwo"),
        ("one\n\n\n\ntwo", "one\n\ntwo"),
        ("- one\n- two words and more words than fit\n  - three", None),
        ("* one\n+ two", "- one\n\n- two"),
        ("9. nine\n10. ten", " 9. nine\n10. ten"),
        ("> said\n> and said", None),
        ("> - both", None),
        ("**bold** `code` [words](https://example.org)", "bold code words (https://example.org)"),
        ("one\n\n***\n\ntwo", "one\n\n---\n\ntwo"),
        ("```python\ndef f():\n\treturn 1  \n\n    # end\n```", None),
        ("````\n```\n````", None),
        ("- item\n\n  ```sh\n  ls\n  ```", "- item\n\n```sh\nls\n```"),
        ("| a | b |\n| --- | --- |\n| many words in one cell | 2 |", None),
        ("| a | b |\n|---|---|\n| 1 \\| 2 |", "| a | b |\n| --- | --- |\n| 1 \\| 2 |  |"),
        ("中文字符很长的一段文字中文字符很长的一段文字 and an end", None),
        ("e\u0301 👩‍👩‍👧 ok", None),
    ],
)
def test_all_of_it_is_what_was_written(markdown: str, copied: str | None) -> None:
    for width in (8, 20, 200):
        assert selected(markdown, width=width) == (markdown if copied is None else copied)


@pytest.mark.parametrize(
    ("markdown", "selection", "copied"),
    [
        ("one two three", between((0, 4), (0, 7)), "two"),
        ("one two three four five six seven", between((0, 4), (0, 27)), "two three four five six"),
        ("one \n\ntwo", between((0, 1), (2, 2)), "ne\n\ntw"),
        # Who begins at or in the mark means the item; who begins behind it means its words.
        ("- one\n- two", between((0, 0), (1, 5)), "- one\n- two"),
        ("- one\n- two", between((0, 1), (1, 5)), "- one\n- two"),
        ("- one\n- two", between((0, 2), (1, 5)), "one\n- two"),
        ("- one\n- two", between((0, 2), (1, 1)), "one\n"),
        # The title of a block of code is line 0.
        ("```py\nx = 1\ny = 2\n```", between((1, 0), (2, 5)), "x = 1\ny = 2"),
        ("```py\nx = 1\ny = 2\n```", between((1, 4), (2, 1)), "1\ny"),
        ("```py\nx = 1\ny = 2\n```", between((0, 3), (1, 5)), "```py\nx = 1\n```"),
        ("```py\nx = 1\n```\n\nend", between((0, 0), (3, 3)), "```py\nx = 1\n```\n\nend"),
        ("```py\nx = 1\n```\n\nend", between((1, 0), (3, 3)), "x = 1\n\nend"),
        ("```py\nx = 1\n```", between((0, 2), (0, 6)), "py"),
        # Tabs are drawn as spaces, up to eight.
        ("```make\nall:\n\techo\n```", between((2, 0), (2, 12)), "\techo"),
        ("```make\nall:\n\techo\n```", between((2, 8), (2, 10)), "ec"),
        ("```make\nall:\n\techo\n```", between((2, 3), (2, 9)), "\te"),
        # A table: its heading, a rule, its rows. One cell is its words, more are whole cells.
        ("|aa|bb|\n|-|-|\n|cc dd|ee|", between((2, 3), (2, 5)), "dd"),
        ("|aa|bb|\n|-|-|\n|cc dd|ee|", between((2, 3), (2, 9)), "| cc dd | ee |"),
        ("|aa|bb|\n|-|-|\n|cc dd|ee|", between((0, 1), (1, 3)), "| aa | bb |\n| --- | --- |"),
        ("|aa|bb|\n|-|-|\n|cc dd|ee|\n\nend", between((1, 1), (4, 3)), "| cc dd | ee |\n\nend"),
        # An accent goes with its letter.
        ("e\u0301a", between((0, 0), (0, 1)), "e\u0301"),
        ("e\u0301a", between((0, 1), (0, 3)), "a"),
    ],
)
def test_a_part_of_it(markdown: str, selection: Selection, copied: str) -> None:
    assert selected(markdown, selection) == copied


def test_a_block_of_code_that_is_still_open_and_long_has_its_fences_once() -> None:
    code = "\n".join(f"line {number}" for number in range(60))
    markdown = GrowingMarkdown("```\n")
    for line in code.splitlines():
        markdown.add(line + "\n")
    assert len(markdown.blocks) > 1
    drawn = [(block, lay_out(block, 20)) for block in markdown.blocks]
    assert selected_text(drawn, 20, ALL).rstrip("\n`") == f"```\n{code}"
    assert selected_text(drawn, 20, ALL).count("```") == 2


any_document = st.one_of(st.just(DOCUMENT), documents, long_documents)


@given(any_document, st.integers(4, 80))
def test_the_width_makes_no_difference(document: str, width: int) -> None:
    assert selected(document, width=width) == selected(document, width=200)


@given(any_document, st.integers(0, 40), st.integers(0, 30), st.integers(0, 40), st.integers(0, 30))
def test_nothing_that_is_only_drawn_is_ever_copied(document: str, line: int, column: int, rows: int, end: int) -> None:
    taken = selected(document, between((line, column), (line + rows, column + end)))
    assert not set(taken) & set("│─•▪–")
    assert not any(each != each.rstrip() for each in taken.split("\n")) or "```" in document or "    " in document
