"""The screens that show tokens, against their pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scripted import ScriptedRunner
from tests.snapshots.picture import compare
from tests.snapshots.test_states import SIZES, app_of, chat_of, panel, shown, sized, write
from tests.waiting import wait_until_async
from tui.screens.alternatives import AlternativesScreen
from tui.screens.inspector import InspectorScreen

ANSWER = (
    "A binary search looks at the middle of a sorted list, and goes on in one half of it.\n\n"
    "So it halves what is left with every look: 20 of them are enough for a million entries. 二分探索 in Japanese."
)


@pytest.mark.parametrize("size", SIZES)
async def test_the_prompt_inspector(tmp_path: Path, size: tuple[int, int]) -> None:
    async with shown(tmp_path, size, ScriptedRunner([ANSWER])) as pilot:
        for number, question in enumerate(("How does a binary search work?", "Again, please.")):
            await write(pilot, question)
            pane = chat_of(app_of(pilot)).pane
            await wait_until_async(lambda: not pane.busy and len(pane.session.messages) == 2 * number + 2)  # noqa: B023
        pane.prompt.insert("And in Python?")
        await pilot.press("ctrl+t")
        await panel(pilot, InspectorScreen)
        await wait_until_async(lambda: pilot.app.screen._pieces)
        await pilot.press("i")
        await compare(app_of(pilot), sized("inspector", size), tmp_path)


@pytest.mark.parametrize("size", SIZES)
async def test_the_alternatives(tmp_path: Path, size: tuple[int, int]) -> None:
    async with shown(tmp_path, size, ScriptedRunner([ANSWER])) as pilot:
        await write(pilot, "How does a binary search work?")
        pane = chat_of(app_of(pilot)).pane
        await wait_until_async(lambda: not pane.busy and len(pane.session.messages) == 2)
        await pilot.press("alt+a")
        await panel(pilot, AlternativesScreen)
        await wait_until_async(lambda: pilot.app.screen.scored)
        await pilot.press("right", "right", "right", "tab")
        await compare(app_of(pilot), sized("alternatives", size), tmp_path)
