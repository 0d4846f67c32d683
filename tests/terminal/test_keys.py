"""The bytes of Enter with modifiers, as terminals send them, through Textual's own parser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from textual import _ansi_sequences, events
from textual._xterm_parser import XTermParser

from tui.terminal.keys import OTHER_NEW_LINES, register

ALT_ENTER = ["\x1b\r", "\x1b\n"]
NEW_LINE_KEYS = OTHER_NEW_LINES | {"ctrl+j", "alt+enter", "shift+enter"}


@pytest.fixture(autouse=True)
def _table_of_textual() -> Iterator[None]:
    table = _ansi_sequences.ANSI_SEQUENCES_KEYS
    assert isinstance(table, dict)
    before = dict(table)
    for sequence in ALT_ENTER:  # an app of another test has registered them
        table.pop(sequence, None)
    yield
    table.clear()
    table.update(before)


def keys_of(data: str) -> list[str]:
    parser = XTermParser()
    return [event.key for event in [*parser.feed(data), *parser.feed("")] if isinstance(event, events.Key)]


def test_without_it_alt_enter_would_send() -> None:
    """Should this fail, Textual knows Alt+Enter itself by now and tui.terminal.keys can go."""
    assert [keys_of(data) for data in ALT_ENTER] == [["enter"], ["ctrl+j"]]


@pytest.mark.parametrize("data", ALT_ENTER)
def test_alt_enter_of_a_terminal_without_extended_keys(data: str) -> None:
    register()
    register()
    assert keys_of(data) == ["alt+enter"]
    assert keys_of(f"a{data}b") == ["a", "alt+enter", "b"]


@pytest.mark.parametrize(
    "data",
    ["\n", "\x1b[13;2u", "\x1b[13;3u", "\x1b[27;2;13~", "\x1b[27;3;13~", "\x1b[27;5;13~"],
    ids=["LF", "kitty shift", "kitty alt", "xterm shift", "xterm alt", "xterm ctrl"],
)
def test_enter_with_a_modifier_is_a_new_line(data: str) -> None:
    register()
    (key,) = keys_of(data)
    assert key in NEW_LINE_KEYS


@pytest.mark.parametrize("data", ["\r", "\x1bOM", "\x1b[13u"], ids=["CR", "keypad", "kitty"])
def test_enter_alone_is_not(data: str) -> None:
    register()
    assert keys_of(data) == ["enter"]
