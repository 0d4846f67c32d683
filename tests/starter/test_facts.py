"""The facts are what the program has, and the grammar says nothing about keys and commands that is not in them."""

from __future__ import annotations

import re
from functools import cache

import click
import pytest

from tui.app import ChatApp
from tui.cli.commands import cli
from tui.library.catalogue import catalogue
from tui.screens.key_table import key_table
from tui.starter.recipe import phrases
from tui.starter.recipe.corpus import INTENT_FILES, intents
from tui.starter.recipe.facts import PLACEHOLDER, fill, load_facts
from tui.store.settings import SCHEMA

KEY = re.compile(r"\b(?:(?:Ctrl|Alt|Shift)\+\w+|F[1-9]|Esc|PageUp|PageDown)\b")


@pytest.mark.parametrize("name", load_facts()["keys"])
def test_keys_are_those_of_the_app(name: str) -> None:
    fact, names = load_facts()["keys"][name], {"esc": "escape"}
    of_the_app = {key for row in key_table(ChatApp).rows if row.id in fact["ids"] for key in row.default_keys}
    assert {names.get(key.lower(), key.lower()) for key in fact["keys"]} <= of_the_app


def test_every_id_is_one_of_the_app() -> None:
    ids = {id for fact in load_facts()["keys"].values() for id in fact["ids"]}
    assert ids <= {row.id for row in key_table(ChatApp).rows}


def test_no_key_does_two_things() -> None:
    keys = [key for entry in load_facts()["keys"].values() for key in entry["keys"]]
    assert len(keys) == len(set(keys))


@cache
def commands(group: click.Group = cli, above: tuple[str, ...] = ()) -> dict[tuple[str, ...], click.Command]:
    """All commands of the program, by their words."""
    found: dict[tuple[str, ...], click.Command] = {above: group}
    for name in group.list_commands(context := click.Context(group)):
        command = group.get_command(context, name)
        assert command is not None
        found |= commands(command, (*above, name)) if isinstance(command, click.Group) else {(*above, name): command}
    return found


def command_of(line: str) -> tuple[str, ...]:
    """The words of a command line that name the command."""
    said = tuple(line.rpartition("ovchat")[2].split())
    return max((words for words in commands() if said[: len(words)] == words), key=len)


@pytest.mark.parametrize("line", load_facts()["commands"].values())
def test_commands_and_their_options_are_those_of_the_program(line: str) -> None:
    words = command_of(line)
    command = commands()[words]
    left = line.rpartition("ovchat")[2].split()[len(words) :]
    assert not left or not isinstance(command, click.Group) or left[0].startswith("-"), "there is no such command"
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    assert {word for word in left if word.startswith("-") and word != "-"} <= options


def test_every_command_is_a_fact() -> None:
    assert {command_of(line) for line in load_facts()["commands"].values()} == set(commands())


@pytest.mark.parametrize("command", ["app", "ask"])
def test_options_are_those_of_the_program(command: str) -> None:
    known = commands()[() if command == "app" else (command,)]
    options = {option for parameter in known.params for option in parameter.opts} | {"--help"}
    assert set(load_facts()["options"][command]) <= options


def test_settings_are_those_of_the_schema() -> None:
    said = {f"{section}.{key}" for section, keys in load_facts()["settings"].items() for key in keys}
    assert said <= set(SCHEMA)


def test_models_are_in_the_catalogue() -> None:
    said = {name for key, name in load_facts()["names"].items() if key.startswith("model_")}
    assert said
    assert said <= {entry.id for entry in catalogue()}


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
