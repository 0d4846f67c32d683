"""What holds for the prompt whatever is typed: nothing is lost, and what is drawn is what is there."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from textual import events

from tests.widgets.one_prompt import row_texts, running
from tui.widgets.prompt import Prompt

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


async def test_what_changes_elsewhere_neither_draws_it_nor_lays_it_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as (app, pilot):
        app.prompt.load("one")
        await pilot.pause()
        done: list[str] = []
        for name in ("render_line", "_scroll_update"):
            before = getattr(Prompt, name)
            monkeypatch.setattr(Prompt, name, lambda *given, name=name, its=before: (done.append(name), its(*given))[1])
        before_it = app.prompt.render_lines(app.prompt.size.region)
        done.clear()
        app.screen.refresh(layout=True)
        await pilot.pause()
        assert app.prompt.render_lines(app.prompt.size.region) == before_it
        assert done == []
        await pilot.press("x")
        await pilot.pause()
        assert "render_line" in done
