"""Markdown and the rows it takes: nothing of it is lost, nothing is obeyed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings

from tests.widgets.markdown import DOCUMENT, documents, lines_of
from tui.widgets.growing_markdown import parse
from tui.widgets.markdown_blocks import Code, code_blocks


@settings(max_examples=60, deadline=None)
@given(documents)
def test_no_word_is_lost(markdown: str) -> None:
    text = "".join("".join(re.findall("[a-z]", line)) for line in lines_of(markdown, 400))
    # A link's address may come before or after, so that letters are counted, not compared in order.
    for letter in "abcxyz":
        assert text.count(letter) >= markdown.count(letter)


def test_html_is_text_and_addresses_are_shown() -> None:
    text = "\n".join(
        lines_of("<b>x</b> [here](https://e.org/a) ![cat](c.png) https://e.org [e.org](http://e.org)", 200)
    )
    assert text == "<b>x</b> here (https://e.org/a) cat (c.png) https://e.org e.org"


def test_a_link_cannot_hide_where_it_leads() -> None:
    assert lines_of("[https://bank.example](https://evil.example)") == ["https://bank.example (https://evil.example)"]


def test_line_breaks_of_the_model_are_kept() -> None:
    assert lines_of("Roses are red\nviolets are blue") == ["Roses are red", "violets are blue"]


@pytest.mark.parametrize("code", ["", "x", "x\n", "x\ny", "x\n\n", "\n"])
def test_a_block_of_code_is_open_until_its_last_line(code: str) -> None:
    def closed(text: str) -> bool:
        [block] = parse(text)
        [part] = block.parts
        assert isinstance(part, Code)
        return part.closed

    assert not closed(f"```py\n{code}")
    assert closed(f"```py\n{code.removesuffix(chr(10))}\n```")


def test_lists_hang() -> None:
    assert lines_of("9. one two three\n10. four\n    - five six seven", 12) == [
        " 9. one two",
        "    three",
        "10. four",
        "    • five",
        "      six",
        "      seven",
    ]


def test_tables_fit() -> None:
    table = "| name | what it is |\n|---|---|\n| ab | a very long description of it |\n"
    rows = lines_of(table, 24)
    assert rows[0].split() == ["name", "what", "it", "is"]
    assert all(len(row) <= 24 for row in rows)
    assert " ".join(" ".join(rows[2:]).split()) == "ab a very long description of it"


def test_code_numbers_are_those_of_the_list_of_code() -> None:
    titles = [line for line in lines_of(DOCUMENT) if re.match(r" *─ \d", line)]
    assert [title.split("─")[1].split() for title in titles] == [["1", "sh"], ["2", "python", 'title="x"']]
    assert code_blocks(DOCUMENT) == [("sh", "ls -l\n"), ("python", "def area(r):\n    return 3 * r ** 2\n")]


@pytest.mark.parametrize(
    "hostile", ["> " * 500 + "x", "- " * 300 + "x", "[" * 3000, "*" * 3000, "|" * 2000 + "\n|-|\n"]
)
def test_hostile_nesting_ends(hostile: str) -> None:
    assert lines_of(hostile)
