"""The models' panel over the models of a home of its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.chat_app import chat_app
from tests.screens.host import Host, listing
from tests.scripted import ScriptedRunner
from tests.waiting import wait_until_async
from tui.chat.choice import Choice
from tui.engine.options import EngineOptions
from tui.library.find import find_model
from tui.library.local import LocalModels
from tui.screens.models import ModelsScreen
from tui.store import paths
from tui.store.settings_file import SettingsFile
from tui.store.state import State


class Managed:
    """The panel over the models of a home of its own; `runner` loads and unloads."""

    def __init__(self, app: Host, pilot, services, runner: ScriptedRunner, home: Path) -> None:
        self.app, self.pilot, self.services, self.runner, self.home = app, pilot, services, runner, home

    @property
    def models(self) -> Path:
        return paths.models_dir()

    @property
    def names(self) -> list[str]:
        return [row.name for row in self.app.panel.rows.items]

    @property
    def marked(self) -> str:
        row = self.app.panel.rows.current
        return row.name if row is not None else ""

    @property
    def words(self) -> str:
        return " ".join(self.app.text().replace("│", " ").split())

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def sees(self, text: str) -> None:
        await wait_until_async(lambda: text in self.words, what=f"{text!r} in {self.app.text()}")
        await self.pilot.pause()  # what came with it may be laid out a moment later

    async def mark(self, name: str) -> None:
        self.app.panel.rows.cursor = self.names.index(name)
        await self.pilot.pause()

    async def asks(self, key: str, kind: type) -> None:
        await self.press(key)
        await wait_until_async(lambda: isinstance(self.app.screen, kind))
        await self.pilot.pause()

    async def writes(self, text: str) -> None:
        """Write it into the dialog in place of what is there, and take it."""
        self.app.screen.query_one(Input).value = text
        await self.press("enter")


@pytest.fixture
def managed(tmp_path, tiny_model, monkeypatch):
    """Opens the panel with the models `one` and `two` in the models folder, and perhaps one in use."""
    home = tmp_path / "home"
    monkeypatch.setenv("OVCHAT_HOME", str(home))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "none"))
    for name in ("one", "two"):
        shutil.copytree(tiny_model("llama"), paths.models_dir() / name)

    def choose(model: str | None, device: str | None) -> Choice:
        name = model or "starter"
        return Choice(name, find_model(name), name, device or "CPU", "", EngineOptions())

    @asynccontextmanager
    async def open_panel(
        in_use: str = "", size: tuple[int, int] = (100, 30), runner: ScriptedRunner | None = None
    ) -> AsyncIterator[Managed]:
        runner = runner or ScriptedRunner(loaded=False)
        services = chat_app(tmp_path, runner).services
        file = SettingsFile()
        services.active._choose, services.active._state = choose, State()
        services = replace(services, models=LocalModels(), settings_file=file)
        try:
            if in_use:
                services.active.use(in_use)
                await wait_until_async(lambda: services.active.status.choice)
                if runner._load_s < 1:
                    await wait_until_async(lambda: services.active.status.model)
            async with listing(ModelsScreen(services), size) as (app, pilot):
                await wait_until_async(lambda: app.panel._scene.here is not None, what="the devices")
                await pilot.pause()
                yield Managed(app, pilot, services, runner, home)
                app.workers.cancel_all()
        finally:
            runner.go.set()
            assert services.active.close(10)
            services.outbox.close()

    return open_panel


@pytest.fixture
def elsewhere(tmp_path, tiny_model) -> Path:
    """A folder with two models whose names are odd."""
    folder = tmp_path / "some 'models' 🎈"
    for name in ("[b]x[/b]", 'with "quotes"'):
        shutil.copytree(tiny_model("llama"), folder / name)
    return folder
