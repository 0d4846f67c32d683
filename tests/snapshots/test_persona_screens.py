"""Personas, the line with the system prompt, and the summary of a full conversation, against their pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scripted import ScriptedRunner
from tests.snapshots.picture import compare
from tests.snapshots.talk import Talk
from tests.snapshots.test_states import LAST, SIZES, app_of, chat_of, panel, shown, sized, write
from tests.waiting import wait_until_async
from tui.screens.dialogs import Lines
from tui.screens.overflow import OverflowScreen
from tui.screens.personas import PersonasScreen
from tui.screens.summary import SummaryScreen
from tui.store import personas
from tui.store.personas import Persona
from tui.widgets.system_line import SystemLine

SUMMARY = "We spoke about binary search: it halves a sorted list with every look.\n\n- 20 looks for a million entries"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVCHAT_HOME", str(tmp_path))


@pytest.mark.parametrize("size", SIZES)
async def test_the_personas_and_the_system_prompt(tmp_path: Path, size: tuple[int, int]) -> None:
    brief = "Be brief. Answer in one sentence."
    personas.save(Persona("brief", brief, "", {"temperature": 0.2}))
    personas.save(Persona("reviewer", "You review code:\nfirst what is wrong, then what could be simpler."))
    personas.save(Persona("translator", "You translate into German.", "Qwen3-8B-int4-ov", {"temperature": 0.3}))
    talk = Talk(tmp_path, "Search")
    talk.update(system=brief)
    talk.ask(
        "How does a binary search work?", "It looks at the middle of a sorted list, and goes on in one half of it."
    )
    talk.close()
    async with shown(tmp_path, size, start=LAST) as pilot:
        await wait_until_async(lambda: chat_of(app_of(pilot)).query(SystemLine))
        await compare(app_of(pilot), sized("system-prompt", size), tmp_path)
        await chat_of(app_of(pilot)).run_action("persona")
        await wait_until_async(lambda: isinstance(pilot.app.screen, PersonasScreen) and pilot.app.screen.is_mounted)
        await panel(pilot, PersonasScreen)
        await compare(app_of(pilot), sized("personas", size), tmp_path)


@pytest.mark.parametrize("size", SIZES)
async def test_a_summary(tmp_path: Path, size: tuple[int, int]) -> None:
    talk = Talk(tmp_path, "Search")
    for number in range(3):
        talk.ask(f"{number} " + "word " * 60, "An answer.")
    talk.close()
    async with shown(tmp_path, size, ScriptedRunner([SUMMARY], context_limit=300), LAST) as pilot:
        await write(pilot, "more " * 100)
        await panel(pilot, OverflowScreen)
        await pilot.press("3")
        await wait_until_async(lambda: isinstance(pilot.app.screen, SummaryScreen) and pilot.app.screen.is_mounted)
        await wait_until_async(lambda: not pilot.app.screen.query_one(Lines).read_only)
        pilot.app.screen.query_one(Lines).cursor_blink = False
        await compare(app_of(pilot), sized("summary", size), tmp_path)
