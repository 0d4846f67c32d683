from __future__ import annotations

import pytest

from tests.screens.host import NOTHING_YET, look, press, showing
from tui.chat.context import Overflow
from tui.screens import modal
from tui.screens.overflow import OverflowChoice, OverflowScreen


def screen(tokens=5210, limit=4096, exchanges=3):
    return OverflowScreen(Overflow(tokens, limit, exchanges, start=None))


async def test_the_choices():
    assert await press(screen(), "enter") is OverflowChoice.DROP
    assert await press(screen(), "1") is OverflowChoice.DROP
    assert await press(screen(), "2") is OverflowChoice.NEW
    assert await press(screen(), "3") is OverflowChoice.SUMMARY
    assert await press(screen(), "4") is None
    assert await press(screen(), "escape") is None


@pytest.mark.parametrize("key", ["1", "2", "enter"])
async def test_what_is_typed_as_it_opens_is_not_for_it(key, monkeypatch):
    monkeypatch.setattr(modal, "_QUIET_S", 3600.0)
    async with showing(screen()) as (app, pilot):
        await pilot.press("a", key, "space", key)
        await pilot.pause()
        assert app.answer is NOTHING_YET
        monkeypatch.setattr(modal, "_QUIET_S", 0.0)  # a pause
        await pilot.press(key)
        await pilot.pause()
        assert app.answer in tuple(OverflowChoice)


async def test_leaving_it_is_always_possible(monkeypatch):
    monkeypatch.setattr(modal, "_QUIET_S", 3600.0)
    assert await press(screen(), "1", "escape") is None


async def test_where_dropping_would_not_help_nothing_is_offered_but_the_way_back():
    assert await press(screen(exchanges=None), "enter") is None
    shown = await look(screen(exchanges=None))
    assert "Drop" not in shown
    assert "engine.context" in shown


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12)])
async def test_the_numbers_are_exact(size):
    shown = " ".join((await look(screen(), size=size)).replace("│", " ").split())
    assert "5,210 tokens; the context holds 4,096" in shown
    assert "Drop the 3 oldest exchanges" in shown


async def test_a_message_that_fits_but_leaves_no_room_for_an_answer():
    shown = " ".join((await look(screen(tokens=3900, exchanges=1))).replace("│", " ").split())
    assert "3,900 of 4,096 tokens" in shown
    assert "The 196 that are left" in shown
    assert "Drop the oldest exchange" in shown
