"""A paste that comes as keys, and typing that comes as fast."""

from __future__ import annotations

import pytest
from textual import events
from textual.pilot import Pilot

from tests.waiting import wait_until_async
from tests.widgets.one_prompt import OnePrompt, running
from tui.widgets.key_burst import KeyBurst

EMAIL = "Hi,\r\rwhat is\tthis?\r  Thanks,\rme\r"


def fed(text: str, gap: float, burst: KeyBurst | None = None, begin: float = 0.0) -> tuple[str, str]:
    """What is typed and what is pasted of keys that come so many seconds apart."""
    burst = burst or KeyBurst()
    typed = pasted = ""
    for number, character in enumerate(text):
        key = burst.feed(character, begin + number * gap)
        typed, pasted = typed + key.typed + (character if not key.kept else ""), pasted + key.pasted
    return typed + burst.end(), pasted


def test_a_line_end_among_many_keys_that_come_at_once_is_pasted() -> None:
    typed, pasted = fed(EMAIL, 0.0001)
    assert typed + pasted == EMAIL
    assert "\r" not in typed


@pytest.mark.parametrize("gap", [0.006, 0.03, 1.0])
def test_what_is_typed_is_typed_however_fast(gap: float) -> None:
    assert fed(EMAIL, gap) == (EMAIL, "")


@pytest.mark.parametrize("text", ["yes\rand more\r", "a question of many characters\r"])
def test_a_few_keys_that_were_held_up_are_typed_and_so_is_enter_after_many(text: str) -> None:
    assert fed(text, 0.0001) == (text, "")


def test_a_paste_may_come_in_pieces() -> None:
    burst = KeyBurst()
    fed("a first line of it\rand", 0.0001, burst)
    assert fed("\rand", 0.0001, burst, 0.05) == ("", "\rand")
    assert fed("\r", 0.0, burst, 5.0) == ("\r", "")


def test_a_key_that_no_paste_has_ends_it() -> None:
    burst = KeyBurst()
    fed("a first line of it\rand", 0.0001, burst)
    assert not burst.feed("", 0.003).kept
    assert fed("\r", 0.0, burst, 0.0031) == ("\r", "")


async def keys(app: OnePrompt, pilot: Pilot[None], text: str) -> None:
    """As a terminal without bracketed paste delivers a text: in one read."""
    names = {"\r": "enter", "\t": "tab"}
    for character in text:
        app.post_message(events.Key(names.get(character, character), character))
    await pilot.pause()


async def test_a_paste_without_brackets_stays_in_the_prompt() -> None:
    async with running() as (app, pilot):
        await keys(app, pilot, EMAIL)
        await wait_until_async(lambda: app.prompt.text == EMAIL.replace("\r", "\n"))
        assert app.sent == []
        assert app.prompt.has_focus
        await pilot.pause(0.2)
        await pilot.press("enter")
        assert app.sent == [EMAIL.strip().replace("\r", "\n")]


async def test_who_types_ahead_of_a_slow_line_sends() -> None:
    async with running() as (app, pilot):
        await keys(app, pilot, "yes\rand")
        await wait_until_async(lambda: (app.sent, app.prompt.text) == (["yes"], "and"))
        await keys(app, pilot, " a long one of many keys\r")
        await wait_until_async(lambda: app.sent[1:] == ["and a long one of many keys"])
