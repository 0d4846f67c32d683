"""The prompt in a running app: what its keys do, and how high it is."""

from __future__ import annotations

import pytest
from textual import events
from textual.widgets import Button

from tests.waiting import wait_until_async
from tests.widgets.one_prompt import SCREEN_KEYS, running


async def test_enter_sends_and_empties() -> None:
    async with running() as (app, pilot):
        await pilot.press(*"hi", "ctrl+j", *"you", "enter")
        assert app.sent == ["hi\nyou"]
        assert app.prompt.text == ""


@pytest.mark.parametrize("key", ["ctrl+j", "alt+enter", "shift+enter", "ctrl+enter"])
async def test_new_line_keys(key: str) -> None:
    async with running() as (app, pilot):
        await pilot.press("a", key, "b")
        assert (app.prompt.text, app.sent) == ("a\nb", [])


@pytest.mark.parametrize("blank", [(), (" ",), ("ctrl+j", " ", "ctrl+j")])
async def test_nothing_is_not_sent(blank: tuple[str, ...]) -> None:
    async with running() as (app, pilot):
        await pilot.press(*blank, "enter")
        assert app.sent == []


async def test_keys_take_effect_in_the_order_of_typing_however_fast_they_come() -> None:
    """As a terminal delivers them: many in one read."""
    async with running() as (app, _):
        for key in ("a", "b", "backspace", "c", "enter", "d", "enter", "e", "enter", "enter", "f"):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await wait_until_async(lambda: app.sent == ["ac", "d", "e"])
        assert app.prompt.text == "f"


@pytest.mark.parametrize("key", SCREEN_KEYS)
async def test_keys_of_the_screen_reach_it_and_type_nothing(key: str) -> None:
    async with running() as (app, pilot):
        await pilot.press(*"text")
        # A terminal's Alt+letter comes with the letter as its character.
        app.post_message(events.Key(key, key[-1] if key.startswith("alt+") else None))
        await pilot.pause()
        assert app.keys == [key]
        assert app.prompt.text == "text"


async def test_tab_and_shift_tab_leave() -> None:
    async with running() as (app, pilot):
        await pilot.press("a", "shift+tab")
        assert isinstance(app.focused, Button)
        await pilot.press("tab")
        assert app.focused is app.prompt
        assert app.prompt.text == "a"


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (("ctrl+a", "X"), "Xone two"),
        (("ctrl+a", "ctrl+e", "X"), "one twoX"),
        (("ctrl+u",), ""),
        (("ctrl+w",), "one "),
        (("ctrl+a", "ctrl+k"), ""),
        (("ctrl+w", "ctrl+z"), "one two"),
        (("ctrl+w", "ctrl+z", "ctrl+y"), "one "),
        (("home", "delete"), "ne two"),
        (("ctrl+left", "X"), "one Xtwo"),
        (("shift+left", "shift+left", "X"), "one tX"),
    ],
)
async def test_editing_keys(keys: tuple[str, ...], text: str) -> None:
    async with running() as (app, pilot):
        await pilot.press(*"one two", *keys)
        assert app.prompt.text == text


async def test_ctrl_c_is_the_screens_which_can_copy_the_selection() -> None:
    async with running() as (app, pilot):
        await pilot.press(*"abc", "shift+left", "ctrl+c")
        assert (app.prompt.selected_text, app.keys) == ("c", ["ctrl+c"])


@pytest.mark.parametrize(("size", "most"), [((80, 24), 7), ((120, 40), 13), ((40, 12), 4)])
async def test_it_grows_to_a_third_of_the_screen(size: tuple[int, int], most: int) -> None:
    async with running(size) as (app, pilot):
        heights = []
        for _ in range(20):
            app.prompt.insert("x\n")
            await pilot.pause()
            heights.append(app.prompt.outer_size.height)
        assert heights == sorted(heights)
        assert heights[0] < heights[-1] <= most
        app.prompt.clear()
        await pilot.pause()
        assert app.prompt.outer_size.height <= 3


async def test_the_border_goes_where_rows_are_few() -> None:
    async with running((80, 12)) as (app, pilot):
        assert app.prompt.outer_size.height == 1
        await pilot.resize_terminal(80, 30)
        await pilot.pause()
        assert app.prompt.outer_size.height == 3


async def test_its_keys_can_be_changed() -> None:
    async with running() as (app, pilot):
        app.set_keymap({"prompt.send": "ctrl+s", "prompt.new_line": "enter"})
        await pilot.press("a", "enter", "b", "ctrl+j", "ctrl+s")
        assert app.sent == ["a\nb"]


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_a_label_is_in_the_border_or_where_that_is_left_out_in_the_empty_prompt(size: tuple[int, int]) -> None:
    def seen() -> str:
        strips = app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    async with running(size) as (app, pilot):
        app.prompt.label = "temporary [b]"
        await pilot.pause()
        assert "temporary [b]" in seen()
        await pilot.press("x")
        await pilot.pause()
        assert ("temporary [b]" in seen()) is (size == (80, 24))
        await pilot.press("backspace")
        app.prompt.label = ""
        await pilot.pause()
        assert "temporary" not in seen()
