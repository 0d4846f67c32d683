"""The prompt in a running app: what keys and pastes make of it."""

from __future__ import annotations

import re
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.pilot import Pilot
from textual.widgets import Button

from tui.widgets.prompt import Prompt

LARGE = "row of a log\n" * 80_000  # 1.04 MB
SCREEN_KEYS = (
    *("f6", "f7", "f9", "pageup", "pagedown", "escape", "ctrl+c", "ctrl+f", "ctrl+g", "ctrl+end", "ctrl+r", "ctrl+n"),
    *("alt+e", "alt+left", "alt+right", "ctrl+o", "ctrl+t", "ctrl+l"),
)


class OnePrompt(App[None]):
    """A prompt, and what reaches the app from it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding(key, f"note('{key}')") for key in SCREEN_KEYS]

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.keys: list[str] = []
        self.failures: list[str] = []
        self.taken_back = 0

    def compose(self) -> ComposeResult:
        yield Button("other")
        yield Prompt()

    def on_mount(self) -> None:
        self.prompt.focus()

    @property
    def prompt(self) -> Prompt:
        return self.query_one(Prompt)

    def action_note(self, key: str) -> None:
        self.keys.append(key)

    @on(Prompt.Submitted)
    def _sent(self, event: Prompt.Submitted) -> None:
        self.sent.append(event.text)

    @on(Prompt.Failed)
    def _failed(self, event: Prompt.Failed) -> None:
        self.failures.append(event.text)

    @on(Prompt.TakeBack)
    def _take_back(self) -> None:
        self.taken_back += 1


@asynccontextmanager
async def running(size: tuple[int, int] = (80, 24)) -> AsyncIterator[tuple[OnePrompt, Pilot[None]]]:
    app = OnePrompt()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


async def paste(app: OnePrompt, pilot: Pilot[None], text: str) -> None:
    app.post_message(events.Paste(text))
    await pilot.pause()


def row_texts(prompt: Prompt) -> list[str]:
    """What the prompt's rows show, without the spaces behind them."""
    return [prompt.render_line(y).text.rstrip() for y in range(prompt.content_size.height)]


async def test_enter_sends_and_empties() -> None:
    async with running() as (app, pilot):
        await pilot.press(*"hi", "ctrl+j", *"you", "enter")
        assert app.sent == ["hi\nyou"]
        assert app.prompt.text == ""


@pytest.mark.parametrize("key", ["ctrl+j", "alt+enter", "shift+enter"])
async def test_new_line_keys(key: str) -> None:
    async with running() as (app, pilot):
        await pilot.press("a", key, "b")
        assert (app.prompt.text, app.sent) == ("a\nb", [])


@pytest.mark.parametrize("key", ["shift+\r", "ctrl+\r", "\r"])
async def test_enter_with_a_modifier_as_xterm_reports_it_is_a_new_line(key: str) -> None:
    async with running() as (app, pilot):
        app.post_message(events.Key("a", "a"))
        app.post_message(events.Key(key, "\r"))
        await pilot.pause()
        assert (app.prompt.text, app.sent) == ("a\n", [])


@pytest.mark.parametrize("blank", [(), (" ",), ("ctrl+j", " ", "ctrl+j")])
async def test_nothing_is_not_sent(blank: tuple[str, ...]) -> None:
    async with running() as (app, pilot):
        await pilot.press(*blank, "enter")
        assert app.sent == []


async def test_keys_take_effect_in_the_order_of_typing_however_fast_they_come() -> None:
    """As a terminal delivers them: many in one read."""
    async with running() as (app, pilot):
        for key in ("a", "b", "backspace", "c", "enter", "d", "enter", "e", "enter", "enter", "f"):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await pilot.pause()
        assert app.sent == ["ac", "d", "e"]
        assert app.prompt.text == "f"


@pytest.mark.parametrize("key", SCREEN_KEYS)
async def test_keys_of_the_screen_reach_it_and_type_nothing(key: str) -> None:
    async with running() as (app, pilot):
        await pilot.press(*"text")
        # A terminal's Alt+letter comes with the letter as its character.
        app.post_message(events.Key(key, key[-1] if key.startswith("alt+") else None))
        await pilot.pause()
        assert app.keys == [key]
        assert app.prompt.text == "text"


async def test_tab_and_shift_tab_leave() -> None:
    async with running() as (app, pilot):
        await pilot.press("a", "shift+tab")
        assert isinstance(app.focused, Button)
        await pilot.press("tab")
        assert app.focused is app.prompt
        assert app.prompt.text == "a"


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (("ctrl+a", "X"), "Xone two"),
        (("ctrl+a", "ctrl+e", "X"), "one twoX"),
        (("ctrl+u",), ""),
        (("ctrl+w",), "one "),
        (("ctrl+a", "ctrl+k"), ""),
        (("ctrl+w", "ctrl+z"), "one two"),
        (("ctrl+w", "ctrl+z", "ctrl+y"), "one "),
        (("home", "delete"), "ne two"),
        (("ctrl+left", "X"), "one Xtwo"),
        (("shift+left", "shift+left", "X"), "one tX"),
    ],
)
async def test_editing_keys(keys: tuple[str, ...], text: str) -> None:
    async with running() as (app, pilot):
        await pilot.press(*"one two", *keys)
        assert app.prompt.text == text


async def test_ctrl_c_is_the_screens_which_can_copy_the_selection() -> None:
    async with running() as (app, pilot):
        await pilot.press(*"abc", "shift+left", "ctrl+c")
        assert (app.prompt.selected_text, app.keys) == ("c", ["ctrl+c"])


@pytest.mark.parametrize(("size", "most"), [((80, 24), 7), ((120, 40), 13), ((40, 12), 4)])
async def test_it_grows_to_a_third_of_the_screen(size: tuple[int, int], most: int) -> None:
    async with running(size) as (app, pilot):
        heights = []
        for _ in range(20):
            app.prompt.insert("x\n")
            await pilot.pause()
            heights.append(app.prompt.outer_size.height)
        assert heights == sorted(heights)
        assert heights[0] < heights[-1] <= most
        app.prompt.clear()
        await pilot.pause()
        assert app.prompt.outer_size.height <= 3


async def test_the_border_goes_where_rows_are_few() -> None:
    async with running((80, 12)) as (app, pilot):
        assert app.prompt.outer_size.height == 1
        await pilot.resize_terminal(80, 30)
        await pilot.pause()
        assert app.prompt.outer_size.height == 3


async def test_its_keys_can_be_changed() -> None:
    async with running() as (app, pilot):
        app.set_keymap({"prompt.send": "ctrl+s", "prompt.new_line": "enter"})
        await pilot.press("a", "enter", "b", "ctrl+j", "ctrl+s")
        assert app.sent == ["a\nb"]


# Earlier messages


async def test_up_and_down_walk_through_what_was_sent_and_keep_the_draft() -> None:
    async with running() as (app, pilot):
        app.prompt.earlier.fill(["stored"])
        await pilot.press(*"one", "enter", *"two", "enter", *"draft")
        seen = []
        for key in ("up", "up", "up", "up", "down", "down", "down", "down"):
            await pilot.press(key)
            seen.append(app.prompt.text)
        assert seen == ["two", "one", "stored", "stored", "one", "two", "draft", "draft"]
        assert app.prompt.draft == "draft"


async def test_the_draft_to_store_is_not_what_is_only_looked_at() -> None:
    async with running() as (app, pilot):
        await pilot.press(*"one", "enter", *"draft", "up")
        assert (app.prompt.text, app.prompt.draft) == ("one", "draft")
        await pilot.press("!")
        assert app.prompt.draft == "one!"
        await pilot.press("down")
        assert app.prompt.text == "draft"


async def test_up_moves_within_several_rows_first() -> None:
    async with running() as (app, pilot):
        await pilot.press(*"old", "enter", *"a", "ctrl+j", *"b", "up")
        assert app.prompt.text == "a\nb"
        await pilot.press("up")
        assert app.prompt.text == "old"
        await pilot.press("down")
        assert app.prompt.text == "a\nb"


async def test_repeated_up_goes_past_a_message_of_many_rows() -> None:
    async with running() as (app, pilot):
        app.prompt.earlier.fill(["a\nb\nc", "word " * 60, "oldest"])
        await pilot.press("up", "up", "up")
        assert app.prompt.text == "oldest"


async def test_up_on_an_empty_prompt_takes_back_what_is_queued() -> None:
    async with running() as (app, pilot):
        app.prompt.earlier.add("old")
        app.prompt.queued = 1
        await pilot.press("up")
        assert (app.taken_back, app.prompt.text) == (1, "")
        await pilot.press("x", "up")
        assert (app.taken_back, app.prompt.text) == (1, "old")


async def test_what_was_not_taken_comes_back_before_what_was_typed_since() -> None:
    async with running() as (app, pilot):
        await pilot.press(*"sent", "enter", *"next")
        app.prompt.give_back(app.sent[0])
        assert app.prompt.text == "sent\nnext"
        app.prompt.clear()
        app.prompt.give_back("sent")
        assert app.prompt.text == "sent"


# Pastes


async def test_a_paste_of_a_megabyte_is_one_token_that_is_sent_in_full() -> None:
    async with running() as (app, pilot):
        await pilot.press(*"see ")
        await paste(app, pilot, LARGE)
        await pilot.press(*" ok")
        assert row_texts(app.prompt) == ["see [pasted 1.0 MB] ok"]
        assert app.prompt.text_to_send == f"see {LARGE} ok"
        await pilot.press("enter")
        assert app.sent == [f"see {LARGE} ok"]


async def test_a_hundred_thousand_lines_are_one_row() -> None:
    async with running() as (app, pilot):
        await paste(app, pilot, "\n" * 100_000)
        assert row_texts(app.prompt) == ["[pasted 100 kB]"]


@pytest.mark.parametrize(
    ("keys", "left"),
    [
        (("backspace",), "a"),
        (("left", "delete"), "a"),
        (("left", "shift+right", "x"), "ax"),
        (("ctrl+w",), "a"),
        (("ctrl+u",), ""),
        (("home", "right", "ctrl+k"), "a"),
        (("left", "backspace"), "TOKEN"),
        (("home", "delete"), "TOKEN"),
        (("left", "x"), "axTOKEN"),
        (("ctrl+left", "x"), "axTOKEN"),
        (("left", "right", "x"), "aTOKENx"),
        (("home", "right", "right", "x"), "aTOKENx"),
        (("backspace", "ctrl+z"), "aTOKEN"),
        (("backspace", "ctrl+z", "ctrl+y"), "a"),
        (("shift+left", "ctrl+x", "x", "ctrl+v"), "axTOKEN"),
        (("shift+left", "ctrl+x", "ctrl+v", "ctrl+v"), "aTOKENTOKEN"),
    ],
)
async def test_a_token_is_one_thing_to_every_editing_key(keys: tuple[str, ...], left: str) -> None:
    async with running() as (app, pilot):
        await pilot.press("a")
        await paste(app, pilot, LARGE)
        await pilot.press(*keys)
        assert app.prompt.pastes.expand(app.prompt.text) == left.replace("TOKEN", LARGE)


async def test_a_click_into_a_token_lands_beside_it() -> None:
    async with running() as (app, pilot):
        await paste(app, pilot, LARGE)
        await pilot.click(Prompt, offset=(7, 1))
        await pilot.press("x")
        assert app.prompt.text_to_send in (f"x{LARGE}".rstrip(), f"{LARGE}x")


async def test_a_token_comes_back_with_an_earlier_message() -> None:
    async with running() as (app, pilot):
        await pilot.press(*"see ")
        await paste(app, pilot, LARGE)
        await pilot.press("!", "enter", "up")
        assert row_texts(app.prompt) == ["see [pasted 1.0 MB]!"]
        assert app.prompt.text_to_send == app.sent[0]


async def test_line_ends_of_terminals_and_of_windows_become_new_lines() -> None:
    async with running() as (app, pilot):
        await paste(app, pilot, "a\rb\r\nc\nd")
        assert app.prompt.text_to_send == "a\nb\nc\nd"


async def test_control_characters_are_shown_and_sent_as_they_were() -> None:
    hostile = "red\x1b[31m\x07 \x9b0m \u202eback\u2066 a\x0cb\x1cc\x85d\u2028e\u2029f\x7f"
    async with running() as (app, pilot):
        await paste(app, pilot, hostile)
        assert app.prompt.text_to_send == hostile
        (row,) = row_texts(app.prompt)
        assert row == "red␛[31m␇ �0m �back� a␌b␜c�d�e�f␡"


async def test_typing_what_a_token_looks_like_is_only_text() -> None:
    async with running() as (app, pilot):
        await paste(app, pilot, LARGE)
        label = row_texts(app.prompt)[0]
        app.prompt.clear()
        await paste(app, pilot, label)
        assert app.prompt.text_to_send == label


KEYS = ["left", "right", "home", "end", "up", "down", "backspace", "delete", "ctrl+w", "ctrl+u", "ctrl+k", "ctrl+z"]
KEYS += ["ctrl+y", "ctrl+j", "shift+left", "shift+right", "shift+home", "ctrl+left", "ctrl+right", "ctrl+x", "ctrl+v"]
EDITS = st.lists(st.sampled_from([*KEYS, "x", "(", "PASTE A", "PASTE B", "PASTE C"]), max_size=25)


@settings(max_examples=25, deadline=None)
@given(edits=EDITS)
async def test_no_edit_ever_leaves_a_part_of_a_paste(edits: list[str]) -> None:
    contents = {f"PASTE {mark}": mark * 25_000 for mark in "ABC"}
    async with running((30, 120)) as (app, pilot):  # so high that nothing scrolls: all of it is looked at
        for edit in edits:
            if edit in contents:
                app.post_message(events.Paste(contents[edit]))
            else:
                app.post_message(events.Key(edit, edit if len(edit) == 1 else None))
        await pilot.pause()
        for mark in "ABC":
            assert app.prompt.pastes.expand(app.prompt.text).count(mark) % 25_000 == 0
        shown = "".join(row_texts(app.prompt))
        assert shown.count("[pasted") == shown.count("kB")


MOVES = ["left", "right", "home", "end", "up", "down", "ctrl+left", "ctrl+right"]


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.sampled_from([*MOVES, "x", "ctrl+j", "PASTE"]), max_size=30))
async def test_wherever_something_is_inserted_everything_is_there_once(steps: list[str]) -> None:
    async with running((30, 20)) as (app, pilot):
        for step in steps:
            if step == "PASTE":
                app.post_message(events.Paste("A" * 25_000))
            else:
                app.post_message(events.Key(step, step if len(step) == 1 else None))
        await pilot.pause()
        text = app.prompt.pastes.expand(app.prompt.text)
        inserted = {"A": 25_000 * steps.count("PASTE"), "x": steps.count("x"), "\n": steps.count("ctrl+j")}
        assert {character: text.count(character) for character in inserted} == inserted
        assert {len(run) % 25_000 for run in re.findall("A+", text)} <= {0}


def drawn(prompt: Prompt) -> list[list[Any]]:
    return [list(strip) for strip in prompt.render_lines(prompt.outer_size.region)]


WORDS = ["wordwo", "w", " ", "  ", "漢字", "\t"]
# A space within the b's moves the first of them to the row above, and the cursor stays where it is.
TIGHT = "aaaaaaaaaaaaaaa bbbb cccc dddd"
WRAPPED = "one two three four five six seven eight nine ten eleven twelve"


@settings(max_examples=25, deadline=None)
@given(
    keys=st.lists(st.sampled_from([*KEYS, *WORDS, "PASTE", "x", "x"]), min_size=1, max_size=15),
    text=st.sampled_from([WRAPPED, TIGHT]),
    cursor=st.integers(0, 60),
)
@example(keys=["x"], text=WRAPPED, cursor=0)
@example(keys=["up"], text=WRAPPED, cursor=60)
@example(keys=["shift+home", "left"], text=WRAPPED, cursor=30)
@example(keys=["backspace"], text=WRAPPED, cursor=49)
@example(keys=[" "], text=TIGHT, cursor=18)
@example(keys=["x", "x", "x", "backspace", "delete", "delete", "delete"], text=TIGHT, cursor=14)
@example(keys=["x", "x", "backspace", "backspace"], text="aaaaaaaaaaaaaaaa b cccc dddd", cursor=17)
@example(keys=[" ", "ctrl+z"], text=TIGHT, cursor=18)
@example(keys=[" ", "ctrl+z", "ctrl+y"], text=TIGHT, cursor=18)
async def test_drawing_only_what_changed_leaves_nothing_behind(keys: list[str], text: str, cursor: int) -> None:
    async with running((24, 24)) as (app, pilot):
        app.prompt.load(text)
        app.prompt.move_cursor((0, cursor))
        await pilot.pause()
        for key in keys:
            if key in WORDS or key == "PASTE":
                app.post_message(events.Paste("A" * 25_000 if key == "PASTE" else key))
            else:
                app.post_message(events.Key(key, key if len(key) == 1 else None))
            await pilot.pause()
            on_screen = drawn(app.prompt)
            app.prompt.notify_style_update()  # forget every row that was drawn
            app.prompt.refresh()
            assert on_screen == drawn(app.prompt)


async def test_a_key_draws_its_row_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as (app, pilot):
        app.prompt.load("one\ntwo\nthree")
        await pilot.pause()
        rows: list[int] = []
        render_line = Prompt.render_line
        monkeypatch.setattr(Prompt, "render_line", lambda prompt, y: (rows.append(y), render_line(prompt, y))[1])
        await pilot.press("x")
        await pilot.pause()
        assert set(rows) == {2}


# The external editor


@contextmanager
def _lent() -> Any:
    yield


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that notes the file's text and mode, and writes what `answer` says into it."""
    program = tmp_path / "editor.py"
    program.write_text(
        "import os, pathlib, sys\n"
        f"here = pathlib.Path({str(tmp_path)!r})\n"
        "path = pathlib.Path(sys.argv[-1])\n"
        "(here / 'seen').write_bytes(path.read_bytes())\n"
        "(here / 'mode').write_text(f'{path.stat().st_mode:o} {path.parent.stat().st_mode:o} {path}')\n"
        "path.write_bytes((here / 'answer').read_bytes())\n"
        "sys.exit(int(sys.argv[1]))\n"
    )
    monkeypatch.setenv("VISUAL", f"'{sys.executable}' '{program}' 0")
    return tmp_path


async def test_the_editor_gets_the_whole_text_and_its_result_becomes_the_prompt(
    editor: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (editor / "answer").write_bytes("line é\r\ntwo\n".encode())
    async with running() as (app, pilot):
        monkeypatch.setattr(app, "suspend", _lent)
        await pilot.press(*"see ")
        await paste(app, pilot, LARGE)
        await pilot.press("!")
        app.prompt.action_edit_externally()
        assert (editor / "seen").read_text() == f"see {LARGE}!"
        assert app.prompt.text == "line é\ntwo"
        mode, folder_mode, path = (editor / "mode").read_text().split(" ", 2)
        assert (stat.S_IMODE(int(mode, 8)), stat.S_IMODE(int(folder_mode, 8))) == (0o600, 0o700)
        assert path.endswith(".md")
        assert not Path(path).parent.exists()
        await pilot.press("ctrl+z")
        assert app.prompt.text_to_send == f"see {LARGE}!"


async def test_a_long_text_from_the_editor_keeps_the_pastes_in_it(
    editor: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (editor / "answer").write_text(f"changed {LARGE}")
    async with running() as (app, pilot):
        monkeypatch.setattr(app, "suspend", _lent)
        await paste(app, pilot, LARGE)
        app.prompt.action_edit_externally()
        await pilot.pause()
        assert row_texts(app.prompt)[0] == "changed [pasted 1.0 MB]"


@pytest.mark.parametrize(
    ("visual", "editor_", "says"),
    [
        ("", "", "No editor is set. Set VISUAL or EDITOR, for example: export EDITOR=nano"),
        ("", "no-such-editor -w", "There is no program no-such-editor. Set EDITOR to an editor that is installed."),
        ("'", "", "VISUAL cannot be read as a command (No closing quotation). It is: '"),
        ("false", "", "false ended with exit code 1. The prompt is as it was."),
        ("sh -c 'kill -2 $$'", "", "sh was ended by signal 2. The prompt is as it was."),
    ],
)
async def test_an_editor_that_fails_leaves_the_prompt_and_says_why(
    visual: str, editor_: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", visual)
    monkeypatch.setenv("EDITOR", editor_)
    async with running() as (app, pilot):
        monkeypatch.setattr(app, "suspend", _lent)
        await pilot.press(*"text")
        app.prompt.action_edit_externally()
        await pilot.pause()
        assert app.failures == [says]
        assert app.prompt.text == "text"


async def test_a_terminal_that_cannot_be_lent_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "true")
    async with running() as (app, pilot):
        app.prompt.action_edit_externally()  # a test has no terminal to lend
        await pilot.pause()
        assert app.failures == ["This terminal cannot be lent to an editor. Write the message here."]
