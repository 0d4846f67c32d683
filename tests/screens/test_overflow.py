from __future__ import annotations

import pytest

from tests.screens.host import look, press
from tui.chat.context import Overflow
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
