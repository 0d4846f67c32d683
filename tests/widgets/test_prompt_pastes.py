"""Pastes in the prompt: large ones are one token, and no character is lost or obeyed."""

from __future__ import annotations

import pytest

from tests.widgets.one_prompt import LARGE, paste, row_texts, running
from tui.widgets.prompt import Prompt


async def test_a_paste_of_a_megabyte_is_one_token_that_is_sent_in_full() -> None:
    async with running() as (app, pilot):
        await pilot.press(*"see ")
        await paste(app, pilot, LARGE)
        await pilot.press(*" ok")
        assert row_texts(app.prompt) == ["see [pasted 1.0 MB] ok"]
        assert app.prompt.text_to_send == f"see {LARGE} ok"
        await pilot.press("enter")
        assert app.sent == [f"see {LARGE} ok"]


async def test_a_hundred_thousand_lines_are_one_row() -> None:
    async with running() as (app, pilot):
        await paste(app, pilot, "\n" * 100_000)
        assert row_texts(app.prompt) == ["[pasted 100 kB]"]


@pytest.mark.parametrize(
    ("keys", "left"),
    [
        (("backspace",), "a"),
        (("left", "delete"), "a"),
        (("left", "shift+right", "x"), "ax"),
        (("ctrl+w",), "a"),
        (("ctrl+u",), ""),
        (("home", "right", "ctrl+k"), "a"),
        (("left", "backspace"), "TOKEN"),
        (("home", "delete"), "TOKEN"),
        (("left", "x"), "axTOKEN"),
        (("ctrl+left", "x"), "axTOKEN"),
        (("left", "right", "x"), "aTOKENx"),
        (("home", "right", "right", "x"), "aTOKENx"),
        (("backspace", "ctrl+z"), "aTOKEN"),
        (("backspace", "ctrl+z", "ctrl+y"), "a"),
        (("shift+left", "ctrl+x", "x", "ctrl+v"), "axTOKEN"),
        (("shift+left", "ctrl+x", "ctrl+v", "ctrl+v"), "aTOKENTOKEN"),
    ],
)
async def test_a_token_is_one_thing_to_every_editing_key(keys: tuple[str, ...], left: str) -> None:
    async with running() as (app, pilot):
        await pilot.press("a")
        await paste(app, pilot, LARGE)
        await pilot.press(*keys)
        assert app.prompt.pastes.expand(app.prompt.text) == left.replace("TOKEN", LARGE)


async def test_a_click_into_a_token_lands_beside_it() -> None:
    async with running() as (app, pilot):
        await paste(app, pilot, LARGE)
        await pilot.click(Prompt, offset=(7, 1))
        await pilot.press("x")
        assert app.prompt.text_to_send in (f"x{LARGE}".rstrip(), f"{LARGE}x")


async def test_a_token_comes_back_with_an_earlier_message() -> None:
    async with running() as (app, pilot):
        await pilot.press(*"see ")
        await paste(app, pilot, LARGE)
        await pilot.press("!", "enter", "up")
        assert row_texts(app.prompt) == ["see [pasted 1.0 MB]!"]
        assert app.prompt.text_to_send == app.sent[0]


async def test_line_ends_of_terminals_and_of_windows_become_new_lines() -> None:
    async with running() as (app, pilot):
        await paste(app, pilot, "a\rb\r\nc\nd")
        assert app.prompt.text_to_send == "a\nb\nc\nd"


async def test_control_characters_are_shown_and_sent_as_they_were() -> None:
    hostile = "red\x1b[31m\x07 \x9b0m \u202eback\u2066 a\x0cb\x1cc\x85d\u2028e\u2029f\x7f"
    async with running() as (app, pilot):
        await paste(app, pilot, hostile)
        assert app.prompt.text_to_send == hostile
        (row,) = row_texts(app.prompt)
        assert row == "red␛[31m␇ �0m �back� a␌b␜c�d�e�f␡"


async def test_typing_what_a_token_looks_like_is_only_text() -> None:
    async with running() as (app, pilot):
        await paste(app, pilot, LARGE)
        label = row_texts(app.prompt)[0]
        app.prompt.clear()
        await paste(app, pilot, label)
        assert app.prompt.text_to_send == label
