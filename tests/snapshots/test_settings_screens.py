"""The settings and the sampling panel, against their pictures."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.snapshots.picture import compare
from tests.snapshots.talk import Talk
from tests.snapshots.test_states import LAST, SIZES, app_of, chat_of, panel, shown, sized
from tests.waiting import wait_until_async
from tui.engine.candidates import LastStep
from tui.screens.presets import PresetsScreen
from tui.screens.sampling_panel import SamplingPanel
from tui.screens.settings import SettingsScreen
from tui.screens.value_dialog import ValueDialog
from tui.widgets.distribution import Distribution

MINE = """\
[sampling]
temperature = 0.9
min_p = 0.05
[models.scripted.sampling]
top_p = 0.95
[presets."for stories"]
temperature = 1.1
top_k = 0
top_p = 1.0
min_p = 0.1
repetition_penalty = 1.05
"""
TOKENS = [" half", " middle", " list", " value", " end", "\n", " two", " one", " rest", " first"]


def mine(home: Path) -> None:
    (home / "settings.toml").write_text(MINE)


def last_step() -> LastStep:
    """Ten tokens, each less likely than the one before."""
    logits = np.linspace(3.0, -3.0, len(TOKENS), dtype=np.float32)
    return LastStep(logits, (), (), frozenset(), TOKENS.__getitem__)


@pytest.mark.parametrize("size", SIZES)
async def test_the_settings(tmp_path: Path, size: tuple[int, int]) -> None:
    mine(tmp_path)
    async with shown(tmp_path, size) as pilot:
        chat_of(app_of(pilot)).session.set_sampling({"temperature": 0.0})
        await pilot.press("f4")
        await panel(pilot, SettingsScreen)
        await pilot.press("x", "backspace", "down")  # what is typed takes the file's place away
        await compare(app_of(pilot), sized("settings", size), tmp_path)


async def test_a_setting_that_is_being_changed(tmp_path: Path) -> None:
    async with shown(tmp_path, SIZES[1]) as pilot:
        await pilot.press("f4")
        await panel(pilot, SettingsScreen)
        await pilot.press(*"top_k", "enter")
        await panel(pilot, ValueDialog)
        await pilot.press(*"4.5")
        await compare(app_of(pilot), "setting-wrong", tmp_path)


@pytest.mark.parametrize("size", SIZES)
async def test_the_sampling_panel(tmp_path: Path, size: tuple[int, int]) -> None:
    mine(tmp_path)
    talk = Talk(tmp_path, "Search")
    talk.ask("How does a binary search work?", "It looks at the middle of a sorted list, and goes on in one half.")
    talk.close()
    async with shown(tmp_path, size, start=LAST) as pilot:
        session = chat_of(app_of(pilot)).session
        session._last = SimpleNamespace(step=last_step(), cached=0)
        session.set_sampling({"top_k": 5})
        await pilot.press("f5", "down")
        picture = pilot.app.screen.query_one(SamplingPanel).query_one(Distribution)
        await wait_until_async(lambda: picture._stages)
        await compare(app_of(pilot), sized("sampling", size), tmp_path)


async def test_the_presets(tmp_path: Path) -> None:
    mine(tmp_path)
    async with shown(tmp_path, SIZES[1]) as pilot:
        await pilot.press("f5", "p")
        await panel(pilot, PresetsScreen)
        await compare(app_of(pilot), "presets", tmp_path)
