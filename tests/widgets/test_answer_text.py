"""Markdown of answers: streamed in pieces it comes out as parsed whole, nothing is lost, nothing is obeyed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.content import Content
from textual.geometry import Offset
from textual.selection import Selection

from tui.widgets.answer_text import AnswerText
from tui.widgets.block_layout import Layout, lay_out
from tui.widgets.markdown_blocks import Code, code_blocks, parse

DOCUMENT = """# Title

Some *text* with `code`, a [link](https://example.com/page) and https://plain.example.

1. first
2. second
   - nested
   - again

   ```sh
   ls -l
   ```
3. third

> quoted
> twice

| a | b |
|---|---|
| 1 | **2** |
| 3 | 4 |

```python title="x"
def area(r):
    return 3 * r ** 2
```

---

Last paragraph
in two lines.
"""


class Shown(App[None]):
    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.answer = AnswerText(text)

    def compose(self) -> ComposeResult:
        yield self.answer


def plain(code: str, language: str) -> Content:
    return Content(code)


def lines_of(markdown: str, width: int = 60) -> list[str]:
    layouts: list[Layout] = [lay_out(block, width, plain) for block in parse(markdown)]
    return [row.lead + row.text.plain for layout in layouts for row in layout.rows]


def drawn(answer: AnswerText) -> list[str]:
    return [answer.render_line(y).text.rstrip() for y in range(answer.size.height)]


words = st.text("abcxyz", min_size=1, max_size=6)
marks = st.sampled_from(
    [
        "\n",
        "\n\n",
        "- ",
        "1. ",
        "> ",
        "```\n",
        "```py\n",
        "    ",
        "**",
        "*",
        "`",
        "# ",
        "[",
        "](u) ",
        "<b>",
        "---\n",
        "~~",
    ]
)
documents = st.lists(st.one_of(words, words, st.just(" "), marks), max_size=40).map("".join)


@settings(max_examples=60, deadline=None)
@given(documents)
def test_no_word_is_lost(markdown: str) -> None:
    text = "".join("".join(re.findall("[a-z]", line)) for line in lines_of(markdown, 400))
    # A link's address may come before or after, so that letters are counted, not compared in order.
    for letter in "abcxyz":
        assert text.count(letter) >= markdown.count(letter)


@settings(max_examples=40, deadline=None)
@given(documents, st.data())
def test_pieces_come_out_as_the_whole(markdown: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(markdown)), max_size=12)))
    answer = AnswerText()
    for begin, end in zip([0, *cuts], [*cuts, len(markdown)], strict=True):
        answer.add(markdown[begin:end])
    whole = parse(markdown)
    assert len(answer._blocks) == len(whole)
    assert all(one.looks_like(other) for one, other in zip(answer._blocks, whole, strict=True))


async def test_a_stream_of_pieces_draws_what_the_whole_draws() -> None:
    async with Shown().run_test(size=(50, 60)) as pilot:
        streamed = pilot.app.query_one(AnswerText)
        for begin in range(0, len(DOCUMENT), 7):
            streamed.add(DOCUMENT[begin : begin + 7])
            await pilot.pause()
        rows = drawn(streamed)
    async with Shown(DOCUMENT).run_test(size=(50, 60)) as pilot:
        assert drawn(pilot.app.query_one(AnswerText)) == rows


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


async def test_code_has_colours_once_it_is_closed() -> None:
    def styles(answer: AnswerText) -> set[object]:
        strips = [answer.render_line(y) for y in range(1, 2)]
        return {segment.style.color for strip in strips for segment in strip if segment.text.strip()}  # type: ignore[union-attr]

    async with Shown().run_test(size=(50, 20)) as pilot:
        answer = pilot.app.query_one(AnswerText)
        answer.add("```python\nreturn 'text'\n")
        await pilot.pause()
        assert len(styles(answer)) == 1
        answer.add("```\n")
        await pilot.pause()
        assert len(styles(answer)) > 1


async def test_an_unknown_language_is_no_error() -> None:
    async with Shown("```no-such-language\nx\n```").run_test(size=(50, 20)) as pilot:
        assert "x" in drawn(pilot.app.query_one(AnswerText))[1]


async def test_a_token_that_adds_no_row_asks_for_no_layout() -> None:
    async with Shown("one").run_test(size=(50, 20)) as pilot:
        await pilot.pause()
        answer = pilot.app.query_one(AnswerText)
        layouts = 0

        def count(_: object) -> None:
            nonlocal layouts
            layouts += 1

        pilot.app.screen.screen_layout_refresh_signal.subscribe(answer, count)
        answer.add(" two")
        await pilot.pause()
        assert (drawn(answer)[0], layouts) == ("one two", 0)
        answer.add("\n\nthree")
        await pilot.pause()
        assert (drawn(answer)[2], layouts > 0) == ("three", True)


async def test_a_selection_takes_the_text_and_not_what_is_drawn_around_it() -> None:
    async with Shown("- one two three four\n\n```py\n  x = 1\n```").run_test(size=(12, 20)) as pilot:
        answer = pilot.app.query_one(AnswerText)
        assert answer.get_selection(Selection(Offset(2, 0), Offset(9, 0))) == ("one two", "\n")
        everything = answer.get_selection(Selection(None, None))
        assert everything is not None
        assert everything[0].splitlines()[0] == "• one two three four"
        assert everything[0].splitlines()[3] == "  x = 1"
        # What the mouse points at in the second row is the text's second half, wherever it was wrapped to.
        pointed = [piece.style.meta["offset"] for piece in answer.render_line(1) if piece.text == "three four"]
        assert pointed == [("• one two three four".index("three"), 0)]


async def test_another_theme_draws_anew() -> None:
    async with Shown("`code` and text").run_test(size=(40, 10)) as pilot:
        answer = pilot.app.query_one(AnswerText)
        before = answer.render_line(0)
        pilot.app.theme = "textual-light"
        await pilot.pause()
        after = answer.render_line(0)
        assert before.text == after.text
        assert list(before) != list(after)


@pytest.mark.parametrize(
    "hostile", ["> " * 500 + "x", "- " * 300 + "x", "[" * 3000, "*" * 3000, "|" * 2000 + "\n|-|\n"]
)
def test_hostile_nesting_ends(hostile: str) -> None:
    assert lines_of(hostile)
