"""The transcript: what it shows of messages, and how one goes about in it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from textual.events import Key
from textual.widgets import Input

from tests.waiting import wait_until_async
from tests.widgets.transcript_app import answered, boxes, conversation, rows, running, said
from tui.store.records import Ended, Facts
from tui.widgets.assistant_message import AssistantMessage
from tui.widgets.message_view import SOFT_CAP
from tui.widgets.transcript import Transcript


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


async def test_keys_that_come_together_all_count() -> None:
    async with running(conversation(6)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        await pilot.press("shift+tab")
        for _ in range(3):
            pilot.app.post_message(Key("up", None))
        await wait_until_async(lambda: transcript.current == 2)
        for key in ("down", "up", "up"):
            pilot.app.post_message(Key(key, None))
        await wait_until_async(lambda: transcript.current == 1)


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
