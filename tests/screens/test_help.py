from __future__ import annotations

from typing import ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import TextArea

from tests.screens.host import look, press, showing, unnamed_bindings
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


@pytest.fixture
async def bindings():
    app = Chat()
    async with app.run_test() as pilot:
        await pilot.pause()
        return app.screen.active_bindings


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12)])
async def test_the_keys_come_from_the_bindings_in_their_groups(bindings, size):
    shown = (await look(HelpScreen(bindings), size=size)).split("\n")
    text = "\n".join(shown)
    assert text.index("Turn") < text.index("Ctrl+R")
    assert "Another answer." in text
    assert "Esc Close" in shown[-1]


async def test_several_keys_of_one_action_stand_together_and_what_cannot_be_done_is_left_out(bindings):
    text = await look(HelpScreen(bindings), size=(120, 40))
    assert "Alt+X, Alt+Y" in text
    assert "F5" not in text


async def test_it_scrolls(bindings):
    first = await look(HelpScreen(bindings), size=(40, 12))
    assert await look(HelpScreen(bindings), "pagedown", size=(40, 12)) != first
    assert await look(HelpScreen(bindings), "end", "home", size=(40, 12)) == first
    assert "Typing" in await look(HelpScreen(bindings), "end", size=(120, 100))


@pytest.mark.parametrize("key", ["f1", "escape"])
async def test_f1_and_escape_close_it(bindings, key):
    assert await press(HelpScreen(bindings), key) is None


async def test_remapped_keys_are_shown_as_they_are():
    async with showing(ChoiceDialog("T", ["a"])) as (app, pilot):
        app.set_keymap({"dialog.choose": "ctrl+y"})
        await pilot.pause()
        assert "Ctrl+Y Choose" in app.text().split("\n")[-1]


def test_keys_as_people_write_them():
    assert key_label("ctrl+pageup") == "Ctrl+PgUp"
    assert key_label("f1") == "F1"
    assert key_label("alt+left") == "Alt+←"
    assert key_label("question_mark") == "?"


@pytest.mark.parametrize("panel", [HelpScreen, ConversationsScreen])
def test_every_key_has_an_id_a_label_and_a_tooltip(panel):
    assert unnamed_bindings(panel) == []
