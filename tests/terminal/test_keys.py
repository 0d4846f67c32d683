"""Textual's table of sequences, as it is without us and with us."""

from __future__ import annotations

import runpy
from collections.abc import Iterator

import pytest
from textual import _ansi_sequences, events
from textual._xterm_parser import XTermParser

from tests.terminal.reading import happens
from tui.terminal.keys import register
from tui.widgets.prompt import Prompt

ALT_ENTER = ["\x1b\r", "\x1b\n"]


@pytest.fixture(autouse=True)
def _table_of_textual() -> Iterator[None]:
    table = _ansi_sequences.ANSI_SEQUENCES_KEYS
    assert isinstance(table, dict)
    before = dict(table)
    table.clear()  # an app of another test has changed it
    table.update(runpy.run_path(_ansi_sequences.__file__)["ANSI_SEQUENCES_KEYS"])
    yield
    table.clear()
    table.update(before)


def keys_of(data: str) -> list[str]:
    """What Textual makes of it by itself, as on Windows."""
    parser = XTermParser()
    return [event.key for event in [*parser.feed(data), *parser.feed("")] if isinstance(event, events.Key)]


def test_without_it_alt_enter_would_send() -> None:
    """Should this fail, Textual knows Alt+Enter itself by now and tui.terminal.keys need not."""
    assert [keys_of(data) for data in ALT_ENTER] == [["enter"], ["ctrl+j"]]


@pytest.mark.parametrize("data", ALT_ENTER)
def test_alt_enter_of_a_terminal_without_extended_keys(data: str) -> None:
    register()
    register()
    assert keys_of(data) == ["alt+enter"]
    assert keys_of(f"a{data}b") == ["a", "alt+enter", "b"]


def test_without_it_rxvts_ctrl_end_would_be_ctrl_home() -> None:
    assert keys_of("\x1b[8^") == ["ctrl+home"]
    assert happens("\x1b[8^") == ["ctrl+end"]


@pytest.mark.parametrize(
    ("key", "name"), [("3", "alt+3"), ("0", "alt+0"), ("-", "alt+minus"), ("=", "alt+equals_sign")]
)
def test_alt_and_a_digit_types_nothing(key: str, name: str) -> None:
    assert keys_of(f"\x1b{key}") != [name]
    assert happens(f"\x1b{key}") == [name]


ENTERS = {
    "\n": "LF",
    "\x1b\r": "Alt",
    "\x1b\n": "Alt with LF",
    "\x1b[13;2u": "kitty Shift",
    "\x1b[13;3u": "kitty Alt",
    "\x1b[13;5u": "kitty Ctrl",
    "\x1b[13;130u": "kitty Shift with Num Lock",
    "\x1b[13;2:1u": "kitty Shift with events",
    "\x1b[27;2;13~": "xterm Shift",
    "\x1b[27;3;13~": "xterm Alt",
    "\x1b[27;5;13~": "xterm Ctrl",
}


@pytest.mark.parametrize("data", ENTERS, ids=ENTERS.values())
def test_enter_with_a_modifier_is_a_new_line(data: str) -> None:
    new_line = next(each for each in Prompt.BINDINGS if getattr(each, "action", "") == "new_line")
    (key,) = happens(data)
    assert key in new_line.key.split(",")


@pytest.mark.parametrize("data", ["\r", "\x1bOM", "\x1b[13u", "\x1b[57414u"], ids=["CR", "keypad", "kitty", "kitty's"])
def test_enter_alone_is_not(data: str) -> None:
    assert happens(data) == ["enter"]


@pytest.mark.parametrize("data", ["\x1b[13;3u", "\x1b\r"])
def test_the_names_hold_where_textual_is_told_not_to_ask_for_more(monkeypatch: pytest.MonkeyPatch, data: str) -> None:
    monkeypatch.setattr("textual.constants.DISABLE_KITTY_KEY", True)
    assert happens("\x1b[1;3D\x1b[1;3C\x1b[A\x1b[5~") == ["alt+left", "alt+right", "up", "pageup"]
