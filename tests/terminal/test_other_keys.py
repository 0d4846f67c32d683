"""Sentences that name keys, with those that do it now."""

from __future__ import annotations

import pytest

from tui.terminal.other_keys import NONE, KeyInWords, told

KEYS = [
    KeyInWords("dialog", "Enter", "Enter"),
    KeyInWords("chat", "F3", "Alt+3"),
    KeyInWords("chat", "F5", NONE),
    KeyInWords("app", "Ctrl+Q", "Ctrl+Q"),
    KeyInWords("prompt", "Enter", "Alt+Enter"),
    KeyInWords("models", "Alt+D", "Alt+X"),
    KeyInWords("settings", "Alt+D", "Alt+Y"),
]


@pytest.mark.parametrize(
    ("sentence", "here", "says"),
    [
        ("no model: F3", ("chat",), "no model: Alt+3"),
        ("F3 and F5; not F33, nor Alt+F3.", ("chat",), f"Alt+3 and {NONE}; not F33, nor Alt+F3."),
        ("Enter sends, Ctrl+Q quits.", ("chat", "prompt"), "Alt+Enter sends, Ctrl+Q quits."),
        ("Enter takes it; F3 in the chat.", ("dialog",), "Enter takes it; Alt+3 in the chat."),
        ("Alt+D does it.", ("settings", "list"), "Alt+Y does it."),
        ("Alt+D does it.", ("models",), "Alt+X does it."),
        ("Nothing of that.", (), "Nothing of that."),
    ],
)
def test_a_key_is_the_one_of_the_place_else_that_of_the_chat(sentence: str, here: tuple[str, ...], says: str) -> None:
    assert told(sentence, KEYS, here) == says
