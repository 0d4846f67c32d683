"""An answer on the screen: its text as it streams, its colours, its selection, and what a token makes Textual do."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.geometry import Offset, Region, Size
from textual.selection import Selection

from tests.waiting import wait_until_async
from tests.widgets.markdown import DOCUMENT
from tui.widgets.answer_text import AnswerText, parse_answers
from tui.widgets.growing_markdown import GrowingMarkdown


class Shown(App[None]):
    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.answer = AnswerText(GrowingMarkdown(text))

    def compose(self) -> ComposeResult:
        yield self.answer


def drawn(answer: AnswerText) -> list[str]:
    return [strip.text.rstrip() for strip in answer.render_lines(answer.size.region)]


async def test_a_stream_of_pieces_draws_what_the_whole_draws() -> None:
    async with Shown().run_test(size=(50, 60)) as pilot:
        streamed = pilot.app.query_one(AnswerText)
        for begin in range(0, len(DOCUMENT), 7):
            await streamed.add(DOCUMENT[begin : begin + 7])
            await pilot.pause()
        rows = drawn(streamed)
    async with Shown(DOCUMENT).run_test(size=(50, 60)) as pilot:
        assert drawn(pilot.app.query_one(AnswerText)) == rows


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 200), st.sampled_from([8, 20, 50, 200])), min_size=1, max_size=30),
    st.integers(0, len(DOCUMENT)),
)
def test_it_is_as_high_as_what_is_laid_out_anew(steps: list[tuple[int, int]], begin: int) -> None:
    text = DOCUMENT[begin:] + DOCUMENT
    markdown = GrowingMarkdown()
    grown = AnswerText(markdown)
    for length, width in steps:
        piece, text = text[:length], text[length:]
        kept = markdown.add(piece)
        grown.replace(kept, markdown.blocks[kept:])
        anew = AnswerText(GrowingMarkdown(markdown.source))
        assert height(grown, width) == height(anew, width)


def height(answer: AnswerText, width: int) -> int:
    return answer.get_content_height(Size(width, 24), Size(width, 24), width)


async def test_at_another_width_it_is_what_it_would_be_there() -> None:
    for width in (20, 100, 8):
        async with Shown(DOCUMENT).run_test(size=(width, 60)) as pilot:
            rows = drawn(pilot.app.query_one(AnswerText))
        async with Shown(DOCUMENT).run_test(size=(50, 60)) as pilot:
            await pilot.resize_terminal(width, 60)
            await pilot.pause()
            assert drawn(pilot.app.query_one(AnswerText)) == rows


def colours_of(answer: AnswerText, row: int) -> set[object]:
    [strip] = answer.render_lines(Region(0, row, answer.size.width, 1))
    return {segment.style.color for segment in strip if segment.style and segment.text.strip()}


async def test_code_has_colours_once_it_is_closed() -> None:
    async with Shown().run_test(size=(50, 20)) as pilot:
        answer = pilot.app.query_one(AnswerText)
        await answer.add("```python\nreturn 'text'\n")
        await pilot.pause()
        assert len(colours_of(answer, 1)) == 1
        await answer.add("```\n")
        await wait_until_async(lambda: len(colours_of(answer, 1)) > 1)


async def test_colours_are_where_the_code_is_wrapped_and_has_tabs() -> None:
    code = "if x:\n\treturn 'a text that is too long for a row'"
    [wide] = parse_answers([f"```py\n{code}\n```"], ansi=False)
    async with Shown().run_test(size=(30, 20)) as pilot:
        answer = pilot.app.query_one(AnswerText)
        await answer.add(wide.source)
        await pilot.pause()
        assert [row.strip() for row in drawn(answer)[1:5]] == [
            "if x:",
            "return 'a text that",
            "is too long for a row'",
            "",
        ]
        [string] = colours_of(answer, 3)
        assert string in colours_of(answer, 2)
        assert len(colours_of(answer, 2)) == 2


async def test_what_is_far_from_sight_is_not_kept_drawn() -> None:
    async with Shown("".join(f"line {number}\n\n" for number in range(1_000))).run_test(size=(30, 20)) as pilot:
        answer = pilot.app.query_one(AnswerText)
        strips = answer.render_lines(answer.size.region)
        kept = sum(len(drawn.strips) for drawn in answer._drawn)
        [again] = answer.render_lines(Region(0, 1_998, 30, 1))
        assert len(strips) == 2_000
        assert kept == 1_000
        assert again is strips[1_998]
        for row in range(0, 2_000, 20):
            answer.render_lines(Region(0, row, 30, 20))
        assert sum(len(drawn.strips) for drawn in answer._drawn) < 500


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
        await answer.add(" two")
        await pilot.pause()
        assert (drawn(answer)[0], layouts) == ("one two", 0)
        await answer.add("\n\nthree")
        await pilot.pause()
        assert (drawn(answer)[2], layouts > 0) == ("three", True)


async def test_a_selection_takes_the_text_and_not_what_is_drawn_around_it() -> None:
    async with Shown("- one two three four\n\n```py\n  x = 1\n```").run_test(size=(12, 20)) as pilot:
        answer = pilot.app.query_one(AnswerText)
        assert answer.get_selection(Selection(Offset(2, 0), Offset(9, 0))) == ("one two", "\n\n")
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
