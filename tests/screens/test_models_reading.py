"""The table of the local models while it is filled: folders are looked for, and files are read, behind it."""

from __future__ import annotations

import asyncio
import shutil
import threading

import pytest
from textual.events import Key
from textual.widgets import Input, Static

from tests.chat_app import chat_app
from tests.screens.host import listing, showing
from tests.waiting import wait_until_async
from tui.library.find import Places
from tui.library.local import LocalModel, LocalModels
from tui.screens.dialogs import ConfirmDialog
from tui.screens.models import ModelsScreen


class Gated(LocalModels):
    """Waits before it has found them, and before each is read."""

    def __init__(self, places: Places) -> None:
        super().__init__(places)
        self.find_now, self.read_now = threading.Event(), threading.Event()

    def find(self) -> list[LocalModel]:
        self.find_now.wait(20)
        return super().find()

    def read(self, model: LocalModel) -> LocalModel:
        self.read_now.wait(20)
        return super().read(model)


@pytest.fixture
def gated(tiny_model, tmp_path):
    folder = tmp_path / "models"
    for name in ("alpaca", "llama"):
        shutil.copytree(tiny_model("llama"), folder / name)
    gated = Gated(Places(models=folder, hugging_face=tmp_path / "none"))
    yield gated
    gated.find_now.set()
    gated.read_now.set()


@pytest.fixture
def services(tmp_path, gated):
    services = chat_app(tmp_path, models=gated).services
    yield services
    services.active.close(10)
    services.outbox.close()


async def test_the_keys_work_while_the_folders_are_looked_for(services, gated):
    async with showing(ModelsScreen(services)) as (app, pilot):
        assert "looking" in app.text()
        await pilot.press("x", "down", "enter", "alt+s", "alt+i", "escape", "escape")
        await pilot.pause()
        gated.find_now.set()
        assert app.answer is None


async def test_names_are_there_before_the_files_are_read_and_can_be_chosen(services, gated):
    gated.find_now.set()
    async with listing(ModelsScreen(services)) as (app, pilot):
        assert "…" in next(line for line in app.text().splitlines() if "alpaca" in line)
        await pilot.press("down", "down")
        gated.read_now.set()
        await wait_until_async(lambda: "57K" in app.text())
        assert app.panel.rows.current.name == "llama"
        await pilot.press("enter")
        await pilot.pause()
        assert app.answer == "llama"


class SlowToGo(Static):
    def __init__(self):
        super().__init__()
        self.go = asyncio.Event()

    async def on_unmount(self):
        await self.go.wait()


class ClosingSlowly(ModelsScreen):
    """Some of its widgets are gone long before it is."""

    def content(self):
        return [SlowToGo(), *super().content()]


async def test_what_is_found_while_the_panel_closes_is_shown_to_nobody(services, gated):
    panel = ClosingSlowly(services)
    async with showing(panel) as (app, _):
        last = panel.query_one(SlowToGo)
        reading = list(app.workers)
        app.post_message(Key("escape", None))
        await wait_until_async(lambda: not panel.query(Input))
        gated.find_now.set()
        await wait_until_async(lambda: all(worker.is_finished for worker in reading))
        last.go.set()
        await wait_until_async(lambda: not panel.is_running)


async def test_one_that_is_closed_before_it_is_there_just_closes(services, gated):
    gated.find_now.set()
    gated.read_now.set()
    answers: list[object] = []
    async with showing(ConfirmDialog("Title", "Really?")) as (app, pilot):
        panel = ModelsScreen(services)
        app.push_screen(panel, answers.append)
        panel.action_close()
        panel.action_close()
        await wait_until_async(lambda: answers == [None])
        await pilot.pause()
        assert app.screen is app.panel
