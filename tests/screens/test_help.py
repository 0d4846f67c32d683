from __future__ import annotations

from typing import ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, TextArea

from tests.screens.host import look, press, showing, unnamed_bindings
from tests.screens.using import OpenChat
from tui.screens.conversations import ConversationsScreen
from tui.screens.dialogs import ChoiceDialog, Dialog, Lines, TextDialog
from tui.screens.help import HelpScreen
from tui.widgets.keys_row import key_label
from tui.widgets.line_input import LineInput
from tui.widgets.prompt import Prompt
from tui.widgets.sampling_list import SamplingList


class Chat(App[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "nothing", "Regenerate", id="chat.r", tooltip="Another answer.", group=Binding.Group("Turn")),
        Binding("ctrl+n", "new", "New chat", id="chat.new", tooltip="Begin anew."),
        Binding("alt+x,alt+y", "both", "Two keys", id="chat.both"),
        Binding("f5", "off", "Not now", id="chat.off", tooltip="Hidden while it cannot be done."),
    ]

    def compose(self) -> ComposeResult:
        yield Prompt()

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
    assert text.index("First of all") < text.index("Enter")
    if size[1] > 12:
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


@pytest.mark.parametrize("box", [Prompt, LineInput, Lines])
def test_every_key_of_a_text_box_is_told_in_our_words(box: type[Prompt | LineInput | Lines]) -> None:
    bindings = [binding for binding in box.BINDINGS if isinstance(binding, Binding)]
    assert len({binding.id for binding in bindings}) == len(bindings)
    assert all(binding.tooltip.endswith(".") for binding in bindings)
    # Nothing that Textual's own knows is missing but what is another's.
    known = {key for binding in bindings for key in binding.key.split(",")}
    theirs = [binding.key for cls in box.__mro__ if cls in (Input, TextArea) for binding in cls.BINDINGS]
    textual = {key for keys in theirs for key in keys.split(",")}
    assert textual - known <= {"enter", "pageup", "pagedown", "f6", "f7", "ctrl+c", "super+c"}


async def test_the_chats_help_tells_how_a_message_is_chosen_and_a_queued_one_taken_back(opened: OpenChat) -> None:
    async with opened(size=(120, 120)) as chat:
        await chat.press("f1")
        await chat.pilot.pause()
        rows = [" ".join(row.split()) for row in chat.shown.split("\n")]
        at = rows.index("A chosen message")
        assert rows[at + 1].startswith("Shift+Tab Choose the last message; then Up and Down")
        first_words = [row.partition(" ")[0] for row in rows[at + 2 : at + 6]]
        assert [word for word in first_words if word in ("↑", "↓", "Enter")] == ["↑", "↓", "Enter"]
        assert "In an empty prompt: take back the last one that is queued." in " ".join(rows)
        assert not any("Focus" in row or "Cursor" in row for row in rows)


async def test_a_message_is_chosen_from_the_keyboard_as_the_help_says(opened: OpenChat) -> None:
    async with opened() as chat:
        await chat.write("question")
        await chat.idle(2)
        question, answer = (message.id for message in chat.session.messages)
        await chat.press("shift+tab")
        assert chat.pane.transcript.current == answer
        await chat.press("up")
        assert chat.pane.transcript.current == question
        await chat.press("f1")
        await chat.panel(HelpScreen)
        await chat.press("f1", "escape")
        await chat.until(lambda: chat.prompt.has_focus)


async def test_what_is_needed_first_stands_first(opened: OpenChat) -> None:
    async with opened(size=(80, 24)) as chat:
        await chat.press("f1")
        await chat.panel(HelpScreen)
        shown = await chat.still()
        at = [shown.index(each) for each in ("First of all", "Enter ", "Ctrl+J", "Esc ", "Ctrl+C", "F1 ", "Ctrl+P")]
        assert at == sorted(at)


async def test_the_keys_of_the_sampling_panel_come_before_those_of_the_chat(opened: OpenChat) -> None:
    async with opened(size=(120, 150)) as chat:
        await chat.press("f1")
        await chat.panel(HelpScreen)
        shown = await chat.still()
        assert "Where you are now" not in shown
        assert "Typing" in shown
        await chat.press("escape", "f5")
        await chat.until(lambda: isinstance(chat.screen.focused, SamplingList))
        await chat.press("f1")
        await chat.panel(HelpScreen)
        shown = await chat.still()
        at = [shown.index(each) for each in ("First of all", "Where you are now", "Use, save and delete", "Another")]
        assert at == sorted(at)
        assert "Typing" not in shown


@pytest.mark.parametrize(
    ("dialog", "key"),
    [
        (ChoiceDialog("T [b]", ["a"]), "Take the marked one."),
        (TextDialog("T [b]", lines=True), "Begin a new line."),
        (TextDialog("T [b]"), "Delete everything before the cursor."),
    ],
)
async def test_f1_tells_the_keys_of_a_dialog(dialog: Dialog, key: str) -> None:
    async with showing(dialog, size=(100, 60)) as (app, pilot):
        assert "F1 Keys" in app.text().split("\n")[-1]
        await pilot.press("f1")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        await pilot.pause()
        text = app.text()
        assert "T [b]" in text
        assert key in text
        assert "Close and change nothing." in text
        await pilot.press("escape")
        assert app.screen is dialog
