from __future__ import annotations

import pytest
from textual.events import Key
from textual.widgets import Input, TextArea

from tests.screens.host import NOTHING_YET, look, press, showing, unnamed_bindings
from tui.screens.dialogs import ChoiceDialog, ConfirmDialog, TextDialog
from tui.screens.help import HelpScreen

SIZES = [(120, 40), (80, 24), (40, 12)]


async def test_a_line_is_given_back_as_typed():
    assert await press(TextDialog("Title"), *"A b", "enter") == "A b"


async def test_the_first_value_can_be_typed_over_or_kept():
    assert await press(TextDialog("Title", "old"), "enter") == "old"
    assert await press(TextDialog("Title", "old"), "x", "enter") == "x"


async def test_of_a_files_path_the_name_is_typed_over_and_the_rest_stays():
    path = "/home/anna/a talk.md"
    assert await press(TextDialog("Save", path, is_file=True), "enter") == path
    assert await press(TextDialog("Save", path, is_file=True), *"new", "enter") == "/home/anna/new.md"
    assert await press(TextDialog("Save", path, is_file=True), "end", *["backspace"] * 2, *"json", "enter") == (
        "/home/anna/a talk.json"
    )


async def test_escape_answers_nothing():
    assert await press(TextDialog("Title", "old"), "x", "escape") is None
    assert await press(ChoiceDialog("Title", ["a", "b"]), "escape") is None
    assert await press(ConfirmDialog("Title", "Really?"), "escape") is None


async def test_a_required_text_is_waited_for():
    assert await press(TextDialog("Title", required=True), "space", "enter") is NOTHING_YET
    assert await press(TextDialog("Title"), "enter") == ""


@pytest.mark.parametrize("new_line", ["ctrl+j", "alt+enter", "shift+enter", "ctrl+enter"])
async def test_several_lines(new_line: str):
    panel = TextDialog("System prompt", "Be kind.", lines=True)
    assert await press(panel, new_line, *"Yes", "enter") == "Be kind.\nYes"


async def test_alt_and_a_letter_is_no_text():
    async with showing(TextDialog("Title")) as (app, pilot):
        for event in (Key("a", "a"), Key("alt+b", "b"), Key("shift+c", "C"), Key("upper_d", "D"), Key("ü", "ü")):
            app.post_message(event)
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert app.answer == "aCDü"


async def test_no_new_line_in_a_single_one():
    assert await press(TextDialog("Title"), "a", "ctrl+j", "b", "enter") == "ab"


async def test_a_value_of_several_lines_in_a_single_one_shows_all_of_it():
    assert await press(TextDialog("Title", "a\nb"), "enter") == "a b"


async def test_choosing_by_enter_digit_and_mouse():
    options = ["CPU", "GPU", "NPU"]
    assert await press(ChoiceDialog("Device", options), "down", "down", "up", "enter") == 1
    assert await press(ChoiceDialog("Device", options), "3") == 2
    assert await press(ChoiceDialog("Device", options), "4") is NOTHING_YET
    async with showing(ChoiceDialog("Device", options)) as (app, pilot):
        await pilot.click("RowList", offset=(4, 1))
        await pilot.pause()
        assert app.answer == 1


async def test_confirming():
    assert await press(ConfirmDialog("Delete?", "It goes."), "enter") is False
    assert await press(ConfirmDialog("Delete?", "It goes."), "up", "enter") is True
    assert await press(ConfirmDialog("Delete?", "It goes."), "y") is True
    assert await press(ConfirmDialog("Delete?", "It goes."), "n") is False


@pytest.mark.parametrize("size", SIZES)
async def test_text_is_never_markup_nor_obeyed(size):
    shown = await look(ChoiceDialog("[b]T[/b]", ["[red]one[/red]", "\x1b[31mtwo"], text="[i]hm[/i] \x07"), size=size)
    assert "[b]T[/b]" in shown
    assert "[red]one[/red]" in shown
    assert "␛[31mtwo" in shown
    assert "[i]hm[/i] ␇" in shown


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lines", [False, True])
async def test_what_is_needed_is_on_the_screen(size, lines):
    text = "What the model is told before everything else."
    panel = TextDialog("System prompt", "Be kind.", text=text, lines=lines)
    shown = (await look(panel, size=size)).split("\n")
    assert any("System prompt" in line for line in shown)
    assert any("Be kind." in line for line in shown)
    assert "Enter OK" in shown[-1]


async def test_more_options_than_fit_scroll():
    options = [f"option {number}" for number in range(30)]
    panel = ChoiceDialog("Code block", options)
    shown = await look(panel, *["down"] * 20, size=(40, 12))
    assert "› " in shown
    assert "option 20" in shown
    assert "option 0 " not in shown


@pytest.mark.parametrize("size", [(20, 5), (20, 4), (40, 12), (120, 18)])
@pytest.mark.parametrize("lines", [False, True])
async def test_what_is_typed_is_on_the_smallest_screen_and_below_the_longest_text(size, lines):
    text = "word " * 500
    assert "Be kind." in await look(TextDialog("System prompt", "Be kind.", text=text, lines=lines), size=size)


async def test_a_text_of_many_lines_leaves_room_for_what_there_is_to_know_about_it():
    panel = TextDialog("System prompt", "Be kind.\n" * 50, text="What the model is told.", lines=True)
    async with showing(panel, (80, 24)) as (app, _):
        assert "What the model is told." in app.text()
        assert "System prompt" in app.text()
        area = app.panel.query_one(TextArea)
        assert area.region.bottom < app.panel.query_one(".dialog--box").region.bottom  # where its cursor is


@pytest.mark.parametrize("lines", [False, True])
async def test_ctrl_c_copies_what_is_selected_and_else_leaves(lines):
    async with showing(TextDialog("Title", lines=lines)) as (app, pilot):
        await pilot.press(*"abc", "shift+left", "ctrl+c")
        await pilot.pause()
        assert app.clipboard == "c"
        assert app.answer is NOTHING_YET
        await pilot.press("end", "ctrl+c")
        await pilot.pause()
        assert app.answer is None


@pytest.mark.parametrize("panel", [ChoiceDialog("Title", ["a", "b"]), ConfirmDialog("T", "?"), HelpScreen({})])
async def test_ctrl_c_leaves_where_nothing_can_be_typed(panel):
    assert await press(panel, "ctrl+c") is None


@pytest.mark.parametrize("lines", [False, True])
async def test_the_box_has_the_focus(lines):
    async with showing(TextDialog("Title", lines=lines)) as (app, _):
        assert isinstance(app.focused, TextArea if lines else Input)


@pytest.mark.parametrize("panel", [TextDialog, ChoiceDialog, ConfirmDialog])
def test_every_key_has_an_id_a_label_and_a_tooltip(panel):
    assert unnamed_bindings(panel) == []
