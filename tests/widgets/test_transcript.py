"""The transcript: what it shows of messages, what of them it mounts, and where the reader is."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.dom import NoScreen
from textual.pilot import Pilot
from textual.widgets import Input

from tests.waiting import wait_until_async
from tui.engine.events import PrefillProgress, TextDelta
from tui.engine.reasoning import Channel
from tui.store.records import Ended, Facts, Message, Role
from tui.widgets.answer_text import AnswerText
from tui.widgets.assistant_message import AssistantMessage
from tui.widgets.message_box import MessageBox
from tui.widgets.message_view import SOFT_CAP, MessageView
from tui.widgets.thinking import Thinking
from tui.widgets.transcript import Transcript

SIZE = (60, 20)


class Shown(App[None]):
    def __init__(self, views: Sequence[MessageView] = (), focus: int | None = None) -> None:
        super().__init__()
        self.views = views
        self.to_focus = focus

    def compose(self) -> ComposeResult:
        yield Transcript()
        yield Input()

    async def on_mount(self) -> None:
        self.query_one(Input).focus()
        await self.transcript.show(self.views, focus=self.to_focus)

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)


def said(id: int, text: str, **fields: Any) -> MessageView:
    return MessageView(Message(id, "", None, Role.USER, text, 0.0), **fields)


def answered(
    id: int, text: str, *, place: tuple[int, int] = (1, 1), in_context: bool = True, **fields: Any
) -> MessageView:
    return MessageView(Message(id, "", None, Role.ASSISTANT, text, 0.0, **fields), place, in_context)


def begun(id: int) -> MessageView:
    return answered(id, "", ended=Ended.WRITING)


def conversation(count: int) -> list[MessageView]:
    return [(answered if id % 2 else said)(id, f"message {id}\n\nits second line") for id in range(count)]


def words(text: str, channel: Channel = Channel.ANSWER) -> list[TextDelta]:
    return [TextDelta(word, (1,), channel) for word in text.splitlines(keepends=True)]


def rows(pilot: Pilot[None]) -> list[str]:
    """What stands on the screen, but for the input and the scrollbar; nothing in the middle of a change."""
    try:
        strips = pilot.app.screen._compositor.render_strips()
    except NoScreen:
        return []
    return [strip.text[: SIZE[0] - 1].rstrip() for strip in strips[: pilot.app.query_one(Transcript).size.height]]


def boxes(pilot: Pilot[None]) -> list[int]:
    return [box.message_id for box in pilot.app.query(MessageBox)]


def running(views: Sequence[MessageView] = (), focus: int | None = None, size: tuple[int, int] = SIZE) -> Any:
    return Shown(views, focus).run_test(size=size)


# What is shown


async def test_a_users_words_are_not_markup_and_not_markdown() -> None:
    async with running([said(1, "[red]a[/] **b** [@click=app.quit]c[/]\n  - d")]) as pilot:
        assert [row[2:] for row in rows(pilot)[:2]] == ["[red]a[/] **b** [@click=app.quit]c[/]", "  - d"]


async def test_control_characters_are_shown() -> None:
    hostile = "a\x1b]0;title\x07b \u202eevil \x9b31m \udc80\r\nnext"
    async with running([said(1, hostile), answered(2, hostile), answered(3, f"```\n{hostile}\n```")]) as pilot:
        text = "\n".join(rows(pilot))
        assert text.count("a␛]0;title␇b") == 3
        assert not set(text) & set("\x1b\x07\x9b\u202e\udc80\r")
        assert text.count("next") == 3


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"ended": Ended.CANCELLED}, "stopped, Alt+G continues"),
        ({"ended": Ended.LENGTH}, "cut off at the token limit, Alt+G continues"),
        ({"ended": Ended.INTERRUPTED, "place": (2, 3)}, "interrupted, Alt+G continues · ‹2/3›"),
        ({"place": (1, 2)}, "‹1/2›"),
        ({"facts": Facts(replay_of=5)}, "replay: the same tokens"),
        ({"facts": Facts(replay_of=5, differs_at=16)}, "replay: differs from token 17 on"),
        ({"ended": Ended.ERROR, "facts": Facts(error="It broke.", next_step="Mend [it].")}, "! It broke. Mend [it]."),
        ({}, ""),
    ],
)
async def test_how_an_answer_ended_stands_under_it(fields: dict[str, Any], line: str) -> None:
    async with running([answered(1, "text", **fields)]) as pilot:
        assert [row.strip() for row in rows(pilot)[:3]] == ["text", "", line]


async def test_the_model_is_named_where_it_changes() -> None:
    models = ["one", "one", "two", "one"]
    views = [answered(id, f"text {id}", model=model) for id, model in enumerate(models)]
    async with running(views) as pilot:
        text = [row.strip() for row in rows(pilot) if row.strip()]
        assert text == ["one", "text 0", "text 1", "two", "text 2", "one", "text 3"]


async def test_where_the_context_begins_is_marked() -> None:
    views = [said(1, "old", in_context=False), answered(2, "older", in_context=False), said(3, "new")]
    async with running(views) as pilot:
        text = [row.strip("▌ ") for row in rows(pilot) if row.strip("▌ ")]
        assert text == ["old", "older", "↑ no longer in context", "new"]
        pilot.app.query_one(Transcript).refresh_view(said(1, "old"))
        pilot.app.query_one(Transcript).refresh_view(answered(2, "older"))
        await wait_until_async(lambda: "context" not in "".join(rows(pilot)))


async def test_a_megabyte_is_shown_in_part_and_at_once() -> None:
    begin = time.perf_counter()
    async with running([said(1, "x" * 1_000_000), answered(2, "y" * 1_000_000)]) as pilot:
        assert f"… {1_000_000 - SOFT_CAP:,} more characters: Alt+S saves all" in "\n".join(rows(pilot))
        assert time.perf_counter() - begin < 10  # without the cap it takes minutes


# Streaming


async def test_an_answer_streams_and_is_finished() -> None:
    async with running([said(1, "question")]) as pilot:
        box = await pilot.app.query_one(Transcript).begin_answer(begun(2))
        await pilot.pause()
        assert "  …" in rows(pilot)
        await box.feed([PrefillProgress(1, 2, 0), *words("one\ntwo\n")])
        await pilot.pause()
        assert [row.strip() for row in rows(pilot) if row.strip()] == ["▌ question", "one", "two"]
        await box.feed(words("three"))
        await box.finish(answered(2, "one\ntwo\nthree", ended=Ended.LENGTH))
        await pilot.pause()
        assert [row.strip() for row in rows(pilot) if row.strip()][1:4] == ["one", "two", "three"]
        assert "cut off" in "\n".join(rows(pilot))
        assert not box.writing


@pytest.mark.parametrize("ended", [Ended.STOP, Ended.LENGTH, Ended.CANCELLED, Ended.ERROR])
async def test_however_it_ends_nothing_of_the_text_is_lost(ended: Ended) -> None:
    text = "before\n\n```python\nx = 1\ny = 2"
    async with running() as pilot:
        box = await pilot.app.query_one(Transcript).begin_answer(begun(1))
        await box.feed(words(text[:20]))
        await box.feed(words(text[20:30]))
        await box.finish(answered(1, text, ended=ended))
        await pilot.pause()
        assert [row.strip() for row in rows(pilot)][3:5] == ["x = 1", "y = 2"]


@pytest.mark.parametrize("channel", Channel)
async def test_a_line_end_in_two_pieces_is_one(channel: Channel) -> None:
    async with running() as pilot:
        transcript = pilot.app.query_one(Transcript)
        transcript.fold_thinking(False)
        box = await transcript.begin_answer(begun(1))
        await box.feed([TextDelta("one\r", (1,), channel)])
        await box.feed([TextDelta("\ntwo", (1,), channel)])
        await pilot.pause()
        assert [row.strip() for row in rows(pilot) if row.strip()][-2:] == ["one", "two"]


async def test_an_answer_goes_on_inside_its_code() -> None:
    cut_off = answered(2, "text\n\n```python\nx = 1\n", ended=Ended.CANCELLED)
    async with running([said(1, "question"), cut_off]) as pilot:
        transcript = pilot.app.query_one(Transcript)
        box = await transcript.begin_answer(MessageView(replace(cut_off.message, ended=Ended.WRITING)))
        assert boxes(pilot) == [1, 2]
        await box.feed(words("y = 2\n```\nafter"))
        await pilot.pause()
        shown = [row.strip("▌ ") for row in rows(pilot) if row.strip("▌ ")]
        assert shown[1] == "text"
        assert shown[3:] == ["x = 1", "y = 2", "after"]


async def test_an_answer_beyond_the_cap_is_counted_not_drawn() -> None:
    async with running() as pilot:
        box = await pilot.app.query_one(Transcript).begin_answer(begun(1))
        for _ in range(6):
            await box.feed([TextDelta("word " * 2_000, (1,), Channel.ANSWER)])
        assert len(box.query_one(AnswerText).source) == SOFT_CAP
        await pilot.pause()
        assert f"… {60_000 - SOFT_CAP:,} more characters" in "\n".join(rows(pilot))


# Thinking


async def test_thinking_is_folded_and_unfolds() -> None:
    facts = Facts(reasoning_tokens=214, reasoning_s=3.21)
    async with running([answered(1, "answer", reasoning="[b]first\n\nsecond", facts=facts)]) as pilot:
        assert [row.strip() for row in rows(pilot)[:3]] == ["▸ Thought for 3.2 s, 214 tokens", "", "answer"]
        await pilot.click(".thought-line")
        await pilot.pause()
        assert [row.strip() for row in rows(pilot)[:5]] == [
            "▾ Thought for 3.2 s, 214 tokens",
            "[b]first",
            "",
            "second",
            "",
        ]
        pilot.app.query_one(Transcript).fold_thinking(True)
        await pilot.pause()
        assert rows(pilot)[2].strip() == "answer"
        pilot.app.query_one(MessageBox).focus()
        await pilot.press("enter")
        assert "second" in "\n".join(rows(pilot))


class UnfoldedMeanwhile(Thinking):
    def compose(self) -> ComposeResult:
        yield from super().compose()
        self.folded = False


async def test_thinking_that_is_unfolded_while_it_is_mounted_says_so() -> None:
    async with running() as pilot:
        await pilot.app.query_one(Transcript).mount(UnfoldedMeanwhile("well", "Thought"))
        await pilot.pause()
        assert [row.strip() for row in rows(pilot) if row.strip()] == ["▾ Thought", "well"]


async def test_thinking_streams_apart_from_the_answer() -> None:
    async with running() as pilot:
        transcript = pilot.app.query_one(Transcript)
        box = await transcript.begin_answer(begun(1))
        await box.feed(words("I wonder.\nStill.\n", Channel.REASONING))
        await pilot.pause()
        assert [row.strip() for row in rows(pilot) if row.strip()] == ["▸ Thinking…"]
        transcript.fold_thinking(False)
        await pilot.pause()
        assert "Still." in "\n".join(rows(pilot))
        await box.feed([*words("Now.\n", Channel.REASONING), *words("So.")])
        message = answered(
            1, "So.", reasoning="I wonder.\nStill.\nNow.", facts=Facts(reasoning_tokens=9, reasoning_s=61)
        )
        await box.finish(message)
        await pilot.pause()
        assert [row.strip() for row in rows(pilot) if row.strip()] == [
            "▾ Thought for 1 min 1 s, 9 tokens",
            "I wonder.",
            "Still.",
            "Now.",
            "So.",
        ]


async def test_who_begins_to_look_while_it_thinks_is_told_so() -> None:
    async with running() as pilot:
        transcript = pilot.app.query_one(Transcript)
        await transcript.begin_answer(answered(1, "", reasoning="Well", ended=Ended.WRITING))
        await pilot.pause()
        assert [row.strip() for row in rows(pilot) if row.strip()] == ["▸ Thinking…"]


async def test_what_was_thought_is_told_when_the_answer_begins() -> None:
    async with running() as pilot:
        box = await pilot.app.query_one(Transcript).begin_answer(begun(1))
        await box.feed(words("I wonder.\nStill.\n", Channel.REASONING))
        await box.feed(words("So."))
        await pilot.pause()
        line = next(row for row in rows(pilot) if row.strip())
        assert "Thought for" in line
        assert line.endswith(", 2 tokens")


async def test_an_answer_goes_on_with_the_thinking_it_is_given() -> None:
    async with running() as pilot:
        transcript = pilot.app.query_one(Transcript)
        transcript.fold_thinking(False)
        await transcript.begin_answer(begun(1))
        await transcript.begin_answer(answered(1, "", ended=Ended.WRITING, reasoning="First.\n"))
        box = await transcript.begin_answer(answered(1, "", ended=Ended.WRITING, reasoning="First.\nSecond.\n"))
        await box.feed(words("Third.", Channel.REASONING))
        await pilot.pause()
        assert [row.strip() for row in rows(pilot) if row.strip()][1:] == ["First.", "Second.", "Third."]


async def test_new_answers_are_folded_as_the_others_are() -> None:
    async with running() as pilot:
        transcript = pilot.app.query_one(Transcript)
        transcript.fold_thinking(False)
        await transcript.add(answered(1, "answer", reasoning="thought"))
        await pilot.pause()
        assert "thought" in "\n".join(rows(pilot))


# Following


async def test_the_end_is_followed_until_the_reader_scrolls() -> None:
    async with running(conversation(10)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        box = await transcript.begin_answer(begun(11))
        for line in range(30):
            await box.feed(words(f"line {line}\n"))
            await pilot.pause()
            assert f"line {line}" in rows(pilot)[-2], "the last line is always in sight"
        transcript.action_page_up()
        await pilot.pause()
        before = rows(pilot)
        assert not transcript.following
        for line in range(30, 60):
            await box.feed(words(f"line {line}\n"))
            await pilot.pause()
        assert rows(pilot)[:-1] == before[:-1]
        assert "new text below" in rows(pilot)[-1]
        transcript.follow_end()
        await pilot.pause()
        await box.feed(words("line 60\n"))
        await pilot.pause()
        assert "line 60" in rows(pilot)[-2]
        assert not transcript.text_below


async def test_scrolling_back_to_the_end_follows_again() -> None:
    async with running(conversation(10)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        transcript.action_page_down()  # at the end already
        await pilot.pause()
        assert transcript.following
        transcript.action_page_up()
        await pilot.pause()
        assert not transcript.following
        transcript.action_page_down()
        await wait_until_async(lambda: transcript.following)


async def test_far_below_the_reader_text_is_gathered_and_drawn_when_he_comes() -> None:
    async with running(conversation(10)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        box = await transcript.begin_answer(begun(11))
        await box.feed(words("".join(f"{line}\n" for line in range(200))))
        await pilot.pause()
        for _ in range(6):
            transcript.action_page_up()
            await pilot.pause()
        drawn = box.query_one(AnswerText).source
        await box.feed(words("the last line"))
        assert box.query_one(AnswerText).source == drawn
        for _ in range(7):
            transcript.action_page_down()
            await pilot.pause()
        await wait_until_async(lambda: "the last line" in "\n".join(rows(pilot)))


async def test_a_narrower_terminal_keeps_the_place() -> None:
    async with running(conversation(60)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        for _ in range(2):
            transcript.action_page_up()
            await pilot.pause()
        top = next(row.strip("▌ ") for row in rows(pilot) if "message" in row)
        await pilot.resize_terminal(30, 20)
        await pilot.pause()
        assert top in [row.strip("▌ ") for row in rows(pilot)[:6]]


# The window


async def test_of_a_long_conversation_only_the_end_is_mounted() -> None:
    async with running(conversation(2_000)) as pilot:
        assert len(boxes(pilot)) < 40
        assert boxes(pilot)[-1] == 1_999
        assert "its second line" in rows(pilot)[-2]


async def test_scrolling_up_mounts_more_without_a_jump() -> None:
    async with running(conversation(200)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        seen: list[str] = []
        for _ in range(60):
            transcript.scroll_relative(y=-4, animate=False, immediate=True)
            await pilot.pause()
            seen.append(next(row for row in rows(pilot) if "message" in row).strip("▌ "))
        numbers = [int(text.removeprefix("message ")) for text in seen]
        assert numbers == sorted(numbers, reverse=True)
        assert all(before - after in (0, 1, 2) for before, after in itertools.pairwise(numbers))
        assert numbers[-1] < 200 - 50


async def test_what_is_far_away_is_unmounted() -> None:
    async with running(conversation(200)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        while transcript.scroll_y > 0:
            transcript.action_page_up()
            await pilot.pause()
        assert "message 0" in "\n".join(rows(pilot))
        assert len(boxes(pilot)) < 80
        assert boxes(pilot)[0] == 0
        transcript.follow_end()
        await wait_until_async(lambda: boxes(pilot)[-1:] == [199] and "message 199" in "\n".join(rows(pilot)))
        assert transcript.following
        assert len(boxes(pilot)) < 80


async def test_home_and_end() -> None:
    async with running(conversation(300)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        transcript.action_scroll_home()
        await wait_until_async(lambda: "message 0" in "\n".join(rows(pilot)))
        assert not transcript.following
        transcript.action_scroll_end()
        await wait_until_async(lambda: "message 299" in "\n".join(rows(pilot)))


async def test_an_answer_begins_at_the_end_wherever_the_reader_is() -> None:
    async with running(conversation(300), focus=20) as pilot:
        transcript = pilot.app.query_one(Transcript)
        assert boxes(pilot)[-1] < 299
        await transcript.add(said(300, "asked"))
        box = await transcript.begin_answer(begun(301))
        await box.feed(words("answered"))
        await pilot.pause()
        assert transcript.following
        assert [row.strip("▌ ") for row in rows(pilot)[-4:]] == ["asked", "", "answered", ""]


async def test_an_answer_is_whole_when_it_is_mounted_again() -> None:
    async with running(conversation(200)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        box = await transcript.begin_answer(begun(201))
        await box.finish(answered(201, "the answer", ended=Ended.CANCELLED))
        while 201 in boxes(pilot):
            transcript.action_page_up()
            await pilot.pause()
        transcript.follow_end()
        await wait_until_async(lambda: boxes(pilot)[-1:] == [201] and "stopped" in "".join(rows(pilot)))
        assert "the answer" in "".join(rows(pilot))


async def test_many_answers_do_not_pile_up() -> None:
    async with running() as pilot:
        transcript = pilot.app.query_one(Transcript)
        for turn in range(40):
            await transcript.add(said(2 * turn, "question"))
            box = await transcript.begin_answer(begun(2 * turn + 1))
            await box.finish(answered(2 * turn + 1, "one\n\ntwo\n\nthree"))
            await pilot.pause()
        assert len(boxes(pilot)) < 20


# Going about


async def test_going_to_a_message() -> None:
    async with running(conversation(300), focus=20) as pilot:
        transcript = pilot.app.query_one(Transcript)
        await wait_until_async(lambda: "message 20" in "".join(rows(pilot)[:1]))
        assert transcript.current == 20
        assert not transcript.following


async def test_messages_take_the_focus_by_keys() -> None:
    async with running(conversation(6)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        assert transcript.current is None
        await pilot.press("shift+tab")
        assert transcript.current == 5
        await pilot.press("up", "up")
        assert transcript.current == 3
        assert "message 3" in "\n".join(rows(pilot))
        await pilot.press("down", "down", "down")
        assert isinstance(pilot.app.focused, Input)


async def test_up_goes_on_above_what_is_mounted() -> None:
    async with running(conversation(100)) as pilot:
        await pilot.press("shift+tab")
        for expected in range(98, 75, -1):  # more than is mounted at first, and more than comes at once
            await pilot.press("up")
            await pilot.pause()
            assert pilot.app.query_one(Transcript).current == expected


async def test_cutting_takes_away_what_comes_after() -> None:
    async with running(conversation(50)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        await transcript.cut(47)
        await transcript.add(said(60, "edited"))
        await pilot.pause()
        assert boxes(pilot)[-2:] == [47, 60]
        await transcript.cut(3)  # far above what is mounted
        await pilot.pause()
        assert boxes(pilot) == [0, 1, 2, 3]
        await transcript.cut(None)
        await pilot.pause()
        assert boxes(pilot) == []


async def test_another_place_among_siblings_is_shown() -> None:
    async with running([answered(1, "text")]) as pilot:
        pilot.app.query_one(Transcript).refresh_view(answered(1, "text", place=(1, 2)))
        await wait_until_async(lambda: "‹1/2›" in "\n".join(rows(pilot)))
        pilot.app.query_one(Transcript).refresh_view(answered(1, "text"))
        await wait_until_async(lambda: "‹1/2›" not in "\n".join(rows(pilot)))


async def test_a_click_leaves_the_focus_in_the_prompt() -> None:
    async with running(conversation(4)) as pilot:
        await pilot.click(AssistantMessage)
        assert isinstance(pilot.app.focused, Input)
