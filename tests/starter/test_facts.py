"""The facts file holds together, and the grammar says nothing about keys and commands that is not in it."""

from __future__ import annotations

import re

import pytest

from tui.starter.recipe import phrases
from tui.starter.recipe.corpus import INTENT_FILES, intents
from tui.starter.recipe.facts import PLACEHOLDER, fill, load_facts

# The app's key table and command groups, as the design lists them.
KEY_TABLE = {
    "send": "Enter", "new_line": "Ctrl+J, Alt+Enter", "close": "Esc", "interrupt": "Ctrl+C", "quit": "Ctrl+Q",
    "new_chat": "Ctrl+N", "conversations": "Ctrl+O", "palette": "Ctrl+P", "regenerate": "Ctrl+R", "edit": "Alt+E",
    "copy_answer": "Alt+C", "siblings": "Alt+Left, Alt+Right", "scroll": "PageUp, PageDown", "plain_view": "Alt+V",
    "redraw": "Ctrl+L", "help": "F1", "chat_screen": "F2", "models_screen": "F3", "settings_screen": "F4",
    "sampling_panel": "F5", "cooler": "F6", "hotter": "F7", "preset": "F8", "thinking": "F9", "find": "Ctrl+F",
    "editor": "Ctrl+G", "inspector": "Ctrl+T", "replay": "Alt+R", "copy_code": "Alt+K", "continue_answer": "Alt+G",
    "follow": "Ctrl+End", "mouse": "Alt+M", "save": "Alt+S",
}  # fmt: skip
COMMANDS = {
    "models": {"list", "show", "add", "pull", "convert", "doctor", "rename", "remove"},
    "chats": {"list", "show", "search", "export", "import", "rename", "delete"},
    "settings": {"list", "get", "set", "path"},
}
ALONE = {"chat", "ask", "devices", "keys", "bench"}
KEY = re.compile(r"\b(?:(?:Ctrl|Alt|Shift)\+\w+|F[1-9]|Esc|PageUp|PageDown)\b")


def test_keys_are_those_of_the_key_table() -> None:
    assert {name: ", ".join(key["keys"]) for name, key in load_facts()["keys"].items()} == KEY_TABLE


def test_no_key_does_two_things() -> None:
    keys = [key for entry in load_facts()["keys"].values() for key in entry["keys"]]
    assert len(keys) == len(set(keys))


def test_every_command_exists_and_every_existing_one_is_a_fact() -> None:
    facts = load_facts()["commands"]
    said = {tuple(line.rpartition("ovchat ")[2].split()[:2]) for line in facts.values()}
    for group, names in COMMANDS.items():
        assert {second for first, *rest in said if first == group for second in rest} == names
    assert {words[0] for words in said} >= ALONE


@pytest.mark.parametrize("name", list(intents()))
def test_answers_take_keys_and_commands_from_the_facts_alone(name: str) -> None:
    entry = next(phrases.load(topic)[name] for topic in INTENT_FILES if name in phrases.load(topic))
    for part in ("say", "shell", "undo"):
        bare = PLACEHOLDER.sub("", entry.get(part, ""))
        assert not KEY.search(bare), bare
        assert not re.search(r"`ovchat (?!ask`)", bare), bare


def test_an_unknown_fact_is_an_error() -> None:
    with pytest.raises(KeyError):
        fill("{key:teleport}")
    with pytest.raises(KeyError, match="--teleport"):
        fill("{opt:--teleport}")
    with pytest.raises(KeyError):
        fill("{set:engine.teleport}")


def test_facts_are_filled_in() -> None:
    assert fill("{key:new_line}, `{cmd:models add}`") == "**Ctrl+J** or **Alt+Enter**, `ovchat models add DIR`"
