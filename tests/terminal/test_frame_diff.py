"""A terminal that is fed the differences shows what one shows that is fed all that Textual writes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from io import StringIO
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tests.terminal.emulator import Emulator
from tests.terminal.line import Line
from tui.terminal.cells import BLANK, Row, cells_of
from tui.terminal.frame import Frame
from tui.terminal.frame_diff import frame_diff
from tui.terminal.link import Link

WIDTH, HEIGHT = 24, 8
CUTS = (0, 9, 23, 24)  # where widgets end, the last one a scrollbar
CONSOLE = Console(file=StringIO(), color_system="truecolor", force_terminal=True)
TRUE = ColorSystem.TRUECOLOR

# Whose width every terminal and library agrees on.
LETTERS = [*"abcXYZ019.,", *" " * 12, "é", "─", "█", "漢", "字", "ご", "😀"]
COLOURS = [None, None, "red", "#102030", "color(200)", "default", "bright_white"]
ATTRIBUTES = ("bold", "dim", "italic", "underline", "reverse", "strike", "overline", "underline2")


class Scene:
    """Frames as they come: drawn anew, scrolled either way in part, changed here and there."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._lines = [self._line() for _ in range(HEIGHT)]

    def next(self) -> LayoutUpdate | ChopsUpdate:
        match self._random.choice(["scroll", "scroll", "part", "part", "anew"]):
            case "scroll":
                begin, by = self._random.randrange(4), self._random.randrange(1, 4)
                new, part = [self._line() for _ in range(by)], self._lines[begin:]
                part = part[by:] + new if self._random.random() < 0.5 else new + part[:-by]
                self._lines[begin:] = [(*line[:-1], self._strip(1)) for line in part]
            case "part":
                places = {(self._random.randrange(HEIGHT), self._random.randrange(len(CUTS) - 1)) for _ in range(4)}
                for y, chop in places:
                    parts = list(self._lines[y])
                    parts[chop] = self._strip(CUTS[chop + 1] - CUTS[chop])
                    self._lines[y] = tuple(parts)
                return _chops(self._lines, sorted(places))
            case _:
                self._lines = [self._line() for _ in range(HEIGHT)]
        return _layout(self._lines)

    def _line(self) -> tuple[Strip, ...]:
        return tuple(self._strip(end - begin) for begin, end in pairwise(CUTS))

    def _strip(self, width: int) -> Strip:
        segments, left = [], width
        while left:
            text = "".join(self._random.choices(LETTERS, k=self._random.randint(1, left)))
            while cell_len(text) > left:
                text = text[:-1]
            segments.append(Segment(text or " ", self._style()))
            left -= cell_len(text or " ")
        return Strip(segments, width)

    def _style(self) -> Style | None:
        if self._random.random() < 0.3:
            return None
        attributes = {name: True for name in ATTRIBUTES if self._random.random() < 0.15}
        return Style(color=self._random.choice(COLOURS), bgcolor=self._random.choice(COLOURS), **attributes)


def _layout(lines: Sequence[Sequence[Strip]]) -> LayoutUpdate:
    return LayoutUpdate([tuple(line) for line in lines], Region(0, 0, WIDTH, HEIGHT))


def _chops(lines: Sequence[Sequence[Strip]], places: Sequence[tuple[int, int]]) -> ChopsUpdate:
    chops = [dict(zip(CUTS, line, strict=False)) for line in lines]
    spans = [(y, CUTS[chop], CUTS[chop + 1]) for y, chop in places]
    return ChopsUpdate(chops, spans, [list(CUTS[1:])] * len(lines))


@given(st.integers(0, 2**32), st.booleans())
@settings(max_examples=200, deadline=None)
def test_the_picture_is_the_same(seed: int, erases_with_colour: bool) -> None:
    scene, frame, shown = Scene(Random(seed)), Frame(WIDTH, HEIGHT), None
    textual, ours = Emulator(WIDTH, HEIGHT), Emulator(WIDTH, HEIGHT)
    for _ in range(6):
        # The first one is of everything.
        update = scene.next() if shown else _layout(scene._lines)
        textual.feed(update.render_segments(CONSOLE))
        frame.take(update, TRUE)
        ours.feed(frame_diff(shown, frame.rows, erases_with_colour=erases_with_colour))
        shown = list(frame.rows)
        assert ours.picture() == textual.picture()
        assert frame_diff(shown, [(*row,) for row in frame.rows]) == ""


@pytest.mark.skipif(os.name != "posix", reason="pipes that do not block are POSIX's")
@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_the_picture_and_the_cursor_are_the_same_on_a_line_that_stalls_and_after_damage(seed: int) -> None:
    asyncio.run(_show_on_a_bad_line(Random(seed)))


async def _show_on_a_bad_line(random: Random) -> None:
    scene, frame, textual = Scene(random), Frame(WIDTH, HEIGHT), Emulator(WIDTH, HEIGHT)
    line = Line(Link(remote=True, erases_with_colour=random.random() < 0.5), WIDTH, HEIGHT)
    line.output.begin()
    update: LayoutUpdate | ChopsUpdate = _layout(scene._lines)
    try:
        for _ in range(12):
            cursor = (random.randrange(WIDTH), random.randrange(HEIGHT))
            textual.feed(update.render_segments(CONSOLE) + f"\x1b[{cursor[1] + 1};{cursor[0] + 1}H")
            frame.take(update, TRUE)
            line.now += random.choice([0.01, 1.0])
            line.output.show(frame, cursor)
            if random.random() < 0.2:
                line.emulator.feed("\x1b[2J\x1b[33;44mlost\x1b[3;5r")
                line.output.invalidate()
            if random.random() < 0.4:  # nothing arrives, and nothing is answered
                update = scene.next()
                continue
            while line.answer() or line.output._is_due:
                line.now += 1
                await asyncio.sleep(0)
                line.output._advance()
            assert line.emulator.picture() == textual.picture()
            assert (line.emulator.cursor.x, line.emulator.cursor.y) == cursor
            update = scene.next()
    finally:
        line.close()


def rows(*texts: str, look: str = "") -> list[Row]:
    return [tuple((character, look) for character in text.ljust(WIDTH)) for text in texts]


def test_only_what_changed_is_written() -> None:
    before = rows("one line of text", "another one")
    after = rows("one line of text", "another two")
    assert frame_diff(before, after) == "\x1b[2;9Htwo"


def test_what_is_near_is_written_in_one_piece_and_what_is_far_is_jumped_to() -> None:
    assert frame_diff(rows("abcdefgh"), rows("Xbcdefgh")) == "\x1b[HX"
    assert frame_diff(rows("abcdefgh"), rows("XbcdXfgh")) == "\x1b[HXbcdX"
    assert frame_diff(rows("abcdefgh"), rows("XbcdefgX")) == "\x1b[HX\x1b[8GX"


def test_what_scrolled_is_moved_by_the_terminal() -> None:
    words = ("nought", "one", "two", "three", "four", "five", "six", "seven")
    before = [*rows(*(f"{word} is a row" for word in words[:7])), *rows("prompt")]
    after = [*before[1:7], *rows("seven is a row"), *rows("prompt")]
    written = frame_diff(before, after)
    assert "\n" in written
    assert "seven is a row" in written
    assert "six" not in written
    back = frame_diff(after, before)
    assert "\x1bM" in back
    assert "nought is a row" in back
    assert "six" not in back


def test_what_looks_like_a_row_elsewhere_is_not_scrolled_to_where_little_changed() -> None:
    texts = ["same words"] * 6 + ["others"]
    before = rows(*texts, "prompt")
    with_a_scrollbar = [(*row[:-1], ("█", "")) for row in before]
    assert "\n" not in frame_diff(before, with_a_scrollbar)


def test_blank_rows_are_not_what_moves() -> None:
    moves = [letter * 12 for letter in "abcdef"]
    before = rows(*["is cleared"] * 10, *[""] * 10, *moves, "")
    after = rows(*[""] * 21, *moves)
    assert "aaa" not in frame_diff(before, after)


def test_blanks_between_words_of_a_colour_change_no_pen() -> None:
    frame = Frame(WIDTH, 1)
    blue = Style(color="#0000ff", bold=True)
    frame.take(_layout([[Strip([Segment("two words".ljust(WIDTH), blue)], WIDTH)]]), TRUE)
    assert frame_diff([(BLANK,) * WIDTH], frame.rows) == "\x1b[H\x1b[1;38;2;0;0;255mtwo words\x1b[m"


def test_long_blanks_are_erased_in_their_colour_only_where_the_terminal_can() -> None:
    before = rows("some words that fill it", look="48;2;1;2;3")
    after = [((("x", "48;2;1;2;3"),) + ((" ", "48;2;1;2;3"),) * (WIDTH - 1))]
    assert "\x1b[K" in frame_diff(before, after)
    assert "\x1b[K" not in frame_diff(before, after, erases_with_colour=False)
    assert "\x1b[K" in frame_diff(rows("some words that fill it"), rows("x"), erases_with_colour=False)


def shown(*texts: str) -> list[str]:
    """What is written for one row after the other, from a blank one on."""
    frame, written = Frame(WIDTH, 1), []
    for text in texts:
        before = list(frame.rows)
        frame.take(_layout([[Strip([Segment(text.ljust(WIDTH - cell_len(text) + len(text)))], WIDTH)]]), TRUE)
        written.append(frame_diff(before, frame.rows))
    return written


def test_a_row_whose_width_terminals_disagree_about_is_written_whole_with_its_columns() -> None:
    assert shown("a👩\u200d👧b c", "a👩\u200d👧b d") == [
        "\x1b[Ha👩\u200d👧\x1b[4Gb c\x1b[K",
        "\x1b[Ha👩\u200d👧\x1b[4Gb d\x1b[K",
    ]


def test_what_may_be_drawn_wide_takes_what_follows_it_along_and_no_more() -> None:
    assert shown("…x", "…xy", "“x”y") == ["\x1b[H…\x1b[2Gx", "\x1b[;3Hy", "\x1b[H“\x1b[2Gx”\x1b[4Gy"]


def test_letters_that_may_be_drawn_wide_are_written_in_one_piece_and_never_jumped_from() -> None:
    assert shown("привет abcdef", "привет Abcdef", "Привет AbcdeF") == [
        "\x1b[Hпривет abcdef",
        "\x1b[;8HA",
        "\x1b[HП\x1b[13GF",
    ]


def test_half_a_wide_character_becomes_a_blank() -> None:
    frame = Frame(4, 1)
    frame.take(LayoutUpdate([(Strip([Segment("漢字")], 4),)], Region(0, 0, 4, 1)), TRUE)
    frame.take(ChopsUpdate([{0: None, 1: Strip([Segment("ab")], 2)}], [(0, 1, 3)], [[1, 3]]), TRUE)
    assert frame.rows[0] == (BLANK, ("a", ""), ("b", ""), BLANK)


def test_what_moved_is_not_taken_apart_again(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[Strip] = []
    monkeypatch.setattr("tui.terminal.frame.cells_of", lambda strip, _: taken.append(strip) or [BLANK] * 4)
    one, two, three = (Strip([Segment(f"row{number}")], 4) for number in (1, 2, 3))
    frame = Frame(4, 2)
    frame.take(LayoutUpdate([(one,), (two,)], Region(0, 0, 4, 2)), TRUE)
    frame.take(ChopsUpdate([{0: two}, {0: three}], [(0, 0, 4), (1, 0, 4)], [[4], [4]]), TRUE)
    assert taken == [one, two, three]


def test_rows_share_their_cells() -> None:
    first, second = (cells_of(Strip([Segment(f"{word} words")]), TRUE) for word in ("some", "more"))
    assert all(one is other for one, other in zip(first[4:], second[4:], strict=True))


def test_control_characters_never_reach_the_terminal() -> None:
    frame = Frame(8, 1)
    frame.take(LayoutUpdate([(Strip([Segment("a\x1bb\x07c\x9bd")], 8),)], Region(0, 0, 8, 1)), TRUE)
    assert frame_diff(None, frame.rows).startswith("\x1b[Habcd")
