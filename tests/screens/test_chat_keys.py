"""Every key of the chat screen does what it says while somebody writes, and the palette has every action."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chat_app import chat_app, running
from tests.terminal.key_tables import TABLES
from tests.terminal.reading import Reading
from tui.app import ChatApp
from tui.screens.chat import ChatScreen
from tui.screens.chat_keys import COMMANDS, KEYS
from tui.widgets.prompt import Prompt

# The design's table, as far as it belongs to this screen.
DESIGNED = {
    "escape": "back",
    "ctrl+c": "interrupt",
    "ctrl+q": "quit",
    "ctrl+n": "new_chat",
    "ctrl+o": "conversations",
    "ctrl+p": "command_palette",
    "ctrl+r": "regenerate",
    "alt+e": "edit",
    "alt+c": "copy_answer",
    "alt+left": "sibling",
    "alt+right": "sibling",
    "pageup": "page",
    "pagedown": "page",
    "ctrl+l": "redraw",
    "f1": "help",
    "f2": "focus_prompt",
    "f3": "models",
    "f4": "settings",
    "f5": "sampling",
    "f6": "temperature",
    "f7": "temperature",
    "f8": "preset",
    "f9": "fold_thinking",
    "ctrl+f": "find",
    "ctrl+g": "edit_externally",
    "ctrl+t": "inspect",
    "alt+r": "replay",
    "alt+k": "copy_code",
    "ctrl+end": "follow",
    "alt+g": "proceed",
    "alt+s": "save",
    "alt+m": "switch_mouse",
    "alt+v": "plain_view",
}
OF_THE_APP = ("quit", "command_palette", "redraw", "switch_mouse")


OF_THE_PROMPT = dict.fromkeys(("ctrl+j", "alt+enter", "shift+enter", "ctrl+enter"), "new_line") | {"enter": "send"}


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The actions that were run, by their names; they do nothing else."""
    names: list[str] = []

    def record(owner: type, action: str) -> None:
        monkeypatch.setattr(owner, f"action_{action}", lambda self, *given: names.append(action))

    for action in set(DESIGNED.values()) | {key.action.partition("(")[0] for key in KEYS}:
        record(ChatApp if action in OF_THE_APP else ChatScreen, action)
    for action in set(OF_THE_PROMPT.values()):
        record(Prompt, action)
    return names


@pytest.mark.parametrize("text", ["", "two\nlines that are written"])
async def test_every_key_arrives_while_the_prompt_has_the_focus(tmp_path: Path, called: list[str], text: str) -> None:
    app = chat_app(tmp_path)
    async with running(app) as pilot:
        screen = app.screen
        assert isinstance(screen, ChatScreen)
        screen.pane.prompt.load(text)
        for key, action in DESIGNED.items():
            called.clear()
            await pilot.press(key)
            assert called == [action], key
            assert screen.pane.prompt.text == text, key
            assert screen.pane.prompt.has_focus, key


async def test_every_key_arrives_as_the_bytes_of_every_terminal(tmp_path: Path, called: list[str]) -> None:
    app = chat_app(tmp_path)
    async with running(app) as pilot:
        screen = app.screen
        assert isinstance(screen, ChatScreen)
        for terminal, table in TABLES.items():
            wanted = {data: action for data, key in table.items() if (action := (DESIGNED | OF_THE_PROMPT).get(key))}
            assert len(wanted) > 25, terminal
            for data, action in wanted.items():
                called.clear()
                reading = Reading()
                reading.come(data)
                reading.wait(60)
                for message in reading.messages:
                    app.post_message(message)
                await pilot.pause()
                assert called == [action], (terminal, data)
        assert screen.pane.prompt.text == ""
        assert screen.pane.prompt.has_focus


def test_keys_are_named_and_unique() -> None:
    every = [key for binding in KEYS for key in binding.key.split(",")]
    assert len(every) == len(set(every))
    assert len({binding.id for binding in KEYS}) == len(KEYS)
    assert all(binding.id and binding.description and binding.tooltip for binding in KEYS)


async def test_the_palette_has_every_action(tmp_path: Path) -> None:
    app = chat_app(tmp_path)
    async with running(app):
        titles = [command.title for command in app.get_system_commands(app.screen)]
        keys = {key.description for key in KEYS}
        others = {command.title for command in COMMANDS} | {"Key tester", "Mouse", "Quit", "Redraw", "Theme"}
        assert set(titles) == keys | others
        assert len(titles) == len(set(titles))
        for command in COMMANDS:
            assert hasattr(app.screen, f"action_{command.action.partition('(')[0]}")
