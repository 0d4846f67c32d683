"""A paste that comes as keys, because the terminal does not tell it, and typing that comes as fast."""

from __future__ import annotations

import pytest

from tests.terminal.reading import Reading, happens

EMAIL = "Hi,\r\rwhat is\tthis?\r  Thanks,\rme\r"
KEYS = {"\r": "enter", "\t": "tab"}


def read(*pieces: str, gap: float = 0.0) -> tuple[str, str]:
    """What is typed and what is pasted of pieces that come so many seconds apart."""
    names = {name: character for character in EMAIL + "and more." for name in happens(character)}
    happened = happens(*pieces, gap=gap)
    typed = "".join(names[key] for key in happened if not key.startswith("paste:"))
    return typed, "".join(key.removeprefix("paste:") for key in happened if key.startswith("paste:"))


def test_a_line_end_among_many_characters_that_come_at_once_is_pasted() -> None:
    assert read(EMAIL) == ("", EMAIL)


@pytest.mark.parametrize("gap", [0.0, 0.003])
def test_it_may_come_key_by_key(gap: float) -> None:
    typed, pasted = read(*EMAIL, gap=gap)
    assert typed + pasted == EMAIL
    assert "\r" not in typed


@pytest.mark.parametrize("gap", [0.006, 0.03, 1.0])
def test_what_is_typed_is_typed_however_fast(gap: float) -> None:
    assert read(*EMAIL, gap=gap) == (EMAIL, "")


@pytest.mark.parametrize("text", ["is\rand more\r", "what is this and more and more\r"])
def test_a_few_keys_that_were_held_up_are_typed_and_so_is_enter_after_many(text: str) -> None:
    assert read(text) == (text, "")


def test_enter_alone_does_not_wait() -> None:
    reading = Reading()
    reading.come("a", "\r", gap=0.05)
    assert reading.happened == ["a", "enter"]


def test_a_paste_may_come_in_pieces() -> None:
    reading = Reading()
    reading.come("a first line of it\rand", "\rand", "\r", gap=0.05)
    assert reading.happened == ["paste:a first line of it\rand", "paste:\rand", "paste:\r"]
    reading.wait(5)
    reading.come("\r")
    assert reading.happened[3:] == ["enter"]


def test_a_piece_may_end_with_a_line() -> None:
    reading = Reading()
    reading.come("a first line of it\r", "and\r", "more\r", gap=0.01)
    assert "enter" not in reading.happened
    assert reading.happened[-2:] == ["paste:\rand\r", "paste:more\r"]


def test_a_key_that_no_paste_has_ends_it() -> None:
    reading = Reading()
    reading.come("a first line of it\rand\x1b[A\r")
    assert reading.happened == ["paste:a first line of it\rand", "up", "enter"]


def test_what_is_held_back_comes_before_the_key_that_follows() -> None:
    reading = Reading()
    reading.come("yes\r\x1b[A")
    reading.come("no\r\x03")
    assert reading.happened == ["y", "e", "s", "enter", "up", "n", "o", "enter", "ctrl+c"]
