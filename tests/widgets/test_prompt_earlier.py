"""Earlier messages in the prompt, what is queued, and the draft."""

from __future__ import annotations

import pytest

from tests.widgets.one_prompt import running


async def test_up_and_down_walk_through_what_was_sent_and_keep_the_draft() -> None:
    async with running() as (app, pilot):
        app.prompt.earlier.fill(["stored"])
        await pilot.press(*"one", "enter", *"two", "enter", *"draft")
        seen = []
        for key in ("up", "up", "up", "up", "down", "down", "down", "down"):
            await pilot.press(key)
            seen.append(app.prompt.text)
        assert seen == ["two", "one", "stored", "stored", "one", "two", "draft", "draft"]
        assert app.prompt.draft == "draft"


async def test_the_draft_to_store_is_not_what_is_only_looked_at() -> None:
    async with running() as (app, pilot):
        await pilot.press(*"one", "enter", *"draft", "up")
        assert (app.prompt.text, app.prompt.draft) == ("one", "draft")
        await pilot.press("!")
        assert app.prompt.draft == "one!"
        await pilot.press("down")
        assert app.prompt.text == "draft"


async def test_up_moves_within_several_rows_first() -> None:
    async with running() as (app, pilot):
        await pilot.press(*"old", "enter", *"a", "ctrl+j", *"b", "up")
        assert app.prompt.text == "a\nb"
        await pilot.press("up")
        assert app.prompt.text == "old"
        await pilot.press("down")
        assert app.prompt.text == "a\nb"


async def test_repeated_up_goes_past_a_message_of_many_rows() -> None:
    async with running() as (app, pilot):
        app.prompt.earlier.fill(["a\nb\nc", "word " * 60, "oldest"])
        await pilot.press("up", "up", "up")
        assert app.prompt.text == "oldest"


async def test_up_on_an_empty_prompt_takes_back_what_is_queued() -> None:
    async with running() as (app, pilot):
        app.prompt.earlier.add("old")
        app.prompt.queued = 1
        await pilot.press("up")
        assert (app.taken_back, app.prompt.text) == (1, "")
        await pilot.press("x", "up")
        assert (app.taken_back, app.prompt.text) == (1, "old")


async def test_what_was_not_taken_comes_back_before_what_was_typed_since() -> None:
    async with running() as (app, pilot):
        await pilot.press(*"sent", "enter", *"next")
        app.prompt.give_back(app.sent[0])
        assert app.prompt.text == "sent\nnext"
        app.prompt.clear()
        app.prompt.give_back("sent")
        assert app.prompt.text == "sent"


@pytest.mark.parametrize("change", ["", "!"])
async def test_the_draft_is_there_again_when_an_earlier_message_was_sent(change: str) -> None:
    async with running() as (app, pilot):
        await pilot.press(*"one", "enter", *"draft", "up", *change, "enter")
        assert app.sent == ["one", f"one{change}"]
        assert app.prompt.text == "draft"
        await pilot.press("enter", "up")
        assert app.sent[-1] == "draft"
        assert app.prompt.text == "draft"


async def test_what_is_loaded_is_not_part_of_the_walk_before_it() -> None:
    async with running() as (app, pilot):
        await pilot.press(*"one", "enter", *"two", "enter", *"draft", "up", "up")
        assert app.prompt.own_text == "draft"
        app.prompt.load("another conversation's")
        await pilot.press("down")
        assert app.prompt.text == "another conversation's"
        await pilot.press("up", "down")
        assert app.prompt.text == "another conversation's"


async def test_enter_in_an_empty_prompt_sends_what_is_queued() -> None:
    async with running() as (app, pilot):
        await pilot.press("enter")
        assert app.queue_sent == 0
        app.prompt.queued = 1
        await pilot.press("enter")
        assert (app.queue_sent, app.sent) == (1, [])
        await pilot.press("x", "enter")
        assert (app.queue_sent, app.sent) == (1, ["x"])
