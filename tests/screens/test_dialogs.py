from __future__ import annotations

import pytest
from textual.events import Key
from textual.widgets import Input, TextArea

from tests.screens.host import NOTHING_YET, drive, look, press, unnamed_bindings
from tui.screens.dialogs import ChoiceDialog, ConfirmDialog, TextDialog

SIZES = [(120, 40), (80, 24), (40, 12)]


def test_a_line_is_given_back_as_typed():
    assert press(TextDialog("Title"), *"A b", "enter") == "A b"


def test_the_first_value_can_be_typed_over_or_kept():
    assert press(TextDialog("Title", "old"), "enter") == "old"
    assert press(TextDialog("Title", "old"), "x", "enter") == "x"


def test_escape_answers_nothing():
    assert press(TextDialog("Title", "old"), "x", "escape") is None
    assert press(ChoiceDialog("Title", ["a", "b"]), "escape") is None
    assert press(ConfirmDialog("Title", "Really?"), "escape") is None


def test_a_required_text_is_waited_for():
    assert press(TextDialog("Title", required=True), "space", "enter") is NOTHING_YET
    assert press(TextDialog("Title"), "enter") == ""


@pytest.mark.parametrize("new_line", ["ctrl+j", "alt+enter"])
def test_several_lines(new_line: str):
    assert press(TextDialog("System prompt", "Be kind.", lines=True), new_line, *"Yes", "enter") == "Be kind.\nYes"


def test_alt_and_a_letter_is_no_text():
    async def script(app, pilot):
        for event in (Key("a", "a"), Key("alt+b", "b"), Key("shift+c", "C"), Key("upper_d", "D"), Key("ü", "ü")):
            app.post_message(event)
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()

    assert drive(TextDialog("Title"), script).answer == "aCDü"


def test_no_new_line_in_a_single_one():
    assert press(TextDialog("Title"), "a", "ctrl+j", "b", "enter") == "ab"


def test_a_value_of_several_lines_in_a_single_one_shows_all_of_it():
    assert press(TextDialog("Title", "a\nb"), "enter") == "a b"


def test_choosing_by_enter_digit_and_mouse():
    options = ["CPU", "GPU", "NPU"]
    assert press(ChoiceDialog("Device", options), "down", "down", "up", "enter") == 1
    assert press(ChoiceDialog("Device", options), "3") == 2
    assert press(ChoiceDialog("Device", options, cursor=1), "enter") == 1
    assert press(ChoiceDialog("Device", options), "4") is NOTHING_YET

    async def click(app, pilot):
        await pilot.click("RowList", offset=(4, 1))
        await pilot.pause()

    assert drive(ChoiceDialog("Device", options), click).answer == 1


def test_confirming():
    assert press(ConfirmDialog("Delete?", "It goes."), "enter") is False
    assert press(ConfirmDialog("Delete?", "It goes."), "up", "enter") is True
    assert press(ConfirmDialog("Delete?", "It goes."), "y") is True
    assert press(ConfirmDialog("Delete?", "It goes."), "n") is False


@pytest.mark.parametrize("size", SIZES)
def test_text_is_never_markup_nor_obeyed(size):
    shown = look(ChoiceDialog("[b]T[/b]", ["[red]one[/red]", "\x1b[31mtwo"], text="[i]hm[/i] \x07"), size=size)
    assert "[b]T[/b]" in shown
    assert "[red]one[/red]" in shown
    assert "␛[31mtwo" in shown
    assert "[i]hm[/i] ␇" in shown


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lines", [False, True])
def test_what_is_needed_is_on_the_screen(size, lines):
    text = "What the model is told before everything else."
    panel = TextDialog("System prompt", "Be kind.", text=text, lines=lines)
    shown = look(panel, size=size).split("\n")
    assert any("System prompt" in line for line in shown)
    assert any("Be kind." in line for line in shown)
    assert "Enter OK" in shown[-1]


def test_more_options_than_fit_scroll():
    options = [f"option {number}" for number in range(30)]
    panel = ChoiceDialog("Code block", options)
    shown = look(panel, *["down"] * 20, size=(40, 12))
    assert "› " in shown
    assert "option 20" in shown
    assert "option 0 " not in shown


def test_the_box_has_the_focus():
    async def check(app, pilot):
        assert isinstance(app.focused, (Input, TextArea))

    drive(TextDialog("Title"), check)
    drive(TextDialog("Title", lines=True), check)


@pytest.mark.parametrize("panel", [TextDialog, ChoiceDialog, ConfirmDialog])
def test_every_key_has_an_id_a_label_and_a_tooltip(panel):
    assert unnamed_bindings(panel) == []
