from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import TextArea

from tests.screens.host import drive, look, unnamed_bindings
from tui.screens.conversations import ConversationsScreen
from tui.screens.dialogs import ChoiceDialog
from tui.screens.help import HelpScreen
from tui.widgets.keys_row import key_label


class Chat(App[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "nothing", "Regenerate", id="chat.r", tooltip="Another answer.", group=Binding.Group("Turn")),
        Binding("ctrl+n", "new", "New chat", id="chat.new", tooltip="Begin anew."),
        Binding("alt+x,alt+y", "both", "Two keys", id="chat.both"),
        Binding("f5", "off", "Not now", id="chat.off", tooltip="Hidden while it cannot be done."),
    ]

    def compose(self) -> ComposeResult:
        yield TextArea()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "off"


def bindings():
    found = {}

    async def run():
        app = Chat()
        async with app.run_test() as pilot:
            await pilot.pause()
            found.update(app.screen.active_bindings)

    asyncio.run(run())
    return found


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12)])
def test_the_keys_come_from_the_bindings_in_their_groups(size):
    shown = look(HelpScreen(bindings()), size=size).split("\n")
    text = "\n".join(shown)
    assert text.index("Turn") < text.index("Ctrl+R")
    assert "Another answer." in text
    assert "Esc Close" in shown[-1]


def test_several_keys_of_one_action_stand_together_and_what_cannot_be_done_is_left_out():
    text = look(HelpScreen(bindings()), size=(120, 40))
    assert "Alt+X, Alt+Y" in text
    assert "F5" not in text


def test_it_scrolls():
    first = look(HelpScreen(bindings()), size=(40, 12))
    assert look(HelpScreen(bindings()), "pagedown", size=(40, 12)) != first
    assert look(HelpScreen(bindings()), "end", "home", size=(40, 12)) == first
    assert "Typing" in look(HelpScreen(bindings()), "end", size=(120, 100))


def test_f1_and_escape_close_it():
    for key in ("f1", "escape"):

        async def script(app, pilot, key=key):
            await pilot.press(key)
            await pilot.pause()
            assert app.answer is None

        drive(HelpScreen(bindings()), script)


def test_remapped_keys_are_shown_as_they_are():
    async def script(app, pilot):
        app.set_keymap({"dialog.choose": "ctrl+y"})
        await pilot.pause()
        assert "Ctrl+Y Choose" in app.text().split("\n")[-1]

    drive(ChoiceDialog("T", ["a"]), script)


def test_keys_as_people_write_them():
    assert key_label("ctrl+pageup") == "Ctrl+PgUp"
    assert key_label("f1") == "F1"
    assert key_label("alt+left") == "Alt+←"
    assert key_label("question_mark") == "?"


@pytest.mark.parametrize("panel", [HelpScreen, ConversationsScreen])
def test_every_key_has_an_id_a_label_and_a_tooltip(panel):
    assert unnamed_bindings(panel) == []
