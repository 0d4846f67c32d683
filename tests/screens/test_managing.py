"""Models managed in their list: a folder is added, one gets another name, one leaves, and what happens on the disk."""

from __future__ import annotations

import os
import shutil
import threading
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
from tui.screens.dialogs import ConfirmDialog
from tui.screens.models import ModelsScreen
from tui.screens.trying_dialog import TryingDialog
from tui.store import paths
from tui.store.settings_file import SettingsFile
from tui.store.state import State
from tui.widgets.notice import Notice


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


async def test_a_folder_is_added_and_its_models_are_listed(managed, elsewhere):
    async with managed() as it:
        await it.asks("alt+a", TryingDialog)
        await it.writes(str(elsewhere))
        await it.sees('Listed now: [b]x[/b], with "quotes".')
        assert it.names == ["starter", "one", "two", "[b]x[/b]", 'with "quotes"']
        assert it.marked == "[b]x[/b]"
        await it.asks("alt+a", TryingDialog)
        await it.writes(str(elsewhere))
        await it.sees("Its models are on the list already.")


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_an_added_folder_is_one_of_the_places_at_once(managed, tmp_path, tiny_model, size):
    shutil.copytree(tiny_model("llama"), tmp_path / "disk" / "x")
    async with managed(size=size) as it:
        await it.asks("alt+a", TryingDialog)
        await it.writes(str(tmp_path / "disk"))
        await it.sees("Listed now: x.")
        shutil.rmtree(tmp_path / "disk")  # a disk that is not plugged in: it is looked for there all the same
        panel = ModelsScreen(it.services, "There is no model x.")
        it.app.push_screen(panel)
        await it.sees("There is no model x. Models are looked for in")
        said = str(panel.query_one(Notice).content)
        assert f"{paths.models_dir()}, {tmp_path / 'disk'} and in the Hugging Face cache." in said


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("~/nothing-here", "There is no folder"),
        ("file", "is a file; a model is a folder."),
        ("loop", "cannot be read"),
        ("a/b\0c", "NUL"),
        ("empty", "There is no model in"),
    ],
)
async def test_a_folder_that_cannot_be_added_is_refused_in_place(managed, tmp_path, said, answer):
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    os.symlink(tmp_path / "loop", tmp_path / "loop")
    async with managed() as it:
        await it.asks("alt+a", TryingDialog)
        await it.writes(said if said.startswith("~") else str(tmp_path / said))
        await it.sees(answer)
        assert isinstance(it.app.screen, TryingDialog)
        await it.press("escape")
        assert it.names == ["starter", "one", "two"]


async def test_a_model_gets_another_name(managed):
    async with managed() as it:
        await it.mark("one")
        await it.asks("alt+r", TryingDialog)
        await it.writes("me/my own 🎈")
        await it.sees("one is me/my own 🎈 now.")
        assert it.marked == "me/my own 🎈"
        assert (it.models / "me" / "my own 🎈").is_dir()


async def test_a_name_that_cannot_be_is_refused_in_place(managed):
    async with managed() as it:
        await it.mark("one")
        await it.asks("alt+r", TryingDialog)
        await it.writes("two")
        await it.sees("There is a model two already. Choose another name.")
        await it.writes("three")
        await it.sees("one is three now.")


async def test_only_own_models_are_renamed(managed):
    async with managed() as it:
        await it.mark("starter")
        await it.press("alt+r")
        await it.sees("starter is part of ovchat.")


async def test_the_model_in_use_stays_loaded_under_its_new_name(managed):
    async with managed("one") as it:
        it.services.active.give_device("one", "CPU")
        model = it.services.active.status.model
        await it.mark("one")
        await it.asks("alt+r", TryingDialog)
        await it.writes("three")
        await it.sees("one is three now.")
        status = it.services.active.status
        assert (status.title, status.choice.folder) == ("three", it.models / "three")
        assert status.model is model
        assert it.services.active.given_devices == {"three": "CPU"}
        assert it.services.active.present_name("one") == "three"
        assert "loaded on" in it.words
        await it.press("alt+u")
        await wait_until_async(lambda: it.runner.model is None)
        it.services.active.wake()
        await wait_until_async(lambda: it.services.active.status.model)
        assert it.services.active.status.title == "three"


async def test_renaming_there_and_back(managed):
    async with managed("one") as it:
        for name in ("three", "one"):
            await it.mark("one" if name == "three" else "three")
            await it.asks("alt+r", TryingDialog)
            await it.writes(name)
            await it.sees(f"is {name} now.")
        assert it.services.active.present_name("three") == "one"
        assert it.services.active.present_name("one") == "one"
        assert it.services.active.status.title == "one"


async def test_what_is_loaded_here_and_renamed_is_answered_by_its_new_name(managed):
    async with managed() as it:
        await it.mark("one")
        await it.press("alt+l")
        await wait_until_async(lambda: it.services.active.status.model)
        await it.asks("alt+r", TryingDialog)
        await it.writes("three")
        await it.sees("one is three now.")
        await it.press("escape")
        assert it.app.answer == "three"


async def test_a_model_that_is_being_loaded_is_not_renamed(managed):
    async with managed("one", runner=ScriptedRunner(loaded=False, load_s=9000)) as it:
        await it.mark("one")
        await it.asks("alt+r", TryingDialog)
        await it.writes("three")
        await it.sees("one is being loaded or unloaded.")
        assert (it.models / "one").is_dir()
        await it.press("escape")


async def test_a_model_is_deleted_and_its_neighbour_is_marked(managed):
    async with managed() as it:
        await it.mark("one")
        await it.asks("alt+x", ConfirmDialog)
        assert "That frees" in it.words
        await it.press("y")
        await it.sees("Deleted: one.")
        assert it.names == ["starter", "two"]
        assert it.marked == "two"
        assert not (it.models / "one").exists()


@pytest.mark.parametrize("key", ["escape", "enter", "n"])
async def test_nothing_is_deleted_without_a_yes(managed, key):
    async with managed() as it:
        await it.mark("one")
        await it.asks("alt+x", ConfirmDialog)
        await it.press(key)
        assert it.names == ["starter", "one", "two"]
        assert (it.models / "one").is_dir()


async def test_the_model_in_use_is_unloaded_before_it_is_deleted(managed):
    async with managed("one") as it:
        await it.mark("one")
        await it.asks("alt+x", ConfirmDialog)
        assert "It is in use, and is unloaded first." in it.words
        await it.press("y")
        await it.sees("Deleted: one.")
        assert it.runner.model is None
        assert it.services.active.status.title == ""
        await it.press("escape")
        assert it.app.answer is None
        it.services.active.wake()
        await wait_until_async(lambda: it.services.active.status.model)
        assert it.services.active.status.title == "starter"


async def test_a_model_that_is_being_loaded_is_given_up_and_deleted(managed):
    async with managed("one", runner=ScriptedRunner(loaded=False, load_s=9000)) as it:
        await it.mark("one")
        await it.asks("alt+x", ConfirmDialog)
        await it.press("y")
        await it.sees("Deleted: one.")
        assert not (it.models / "one").exists()


@pytest.mark.parametrize("again", [False, True])
async def test_a_removal_that_waits_for_an_answer_is_seen_to_where_the_panel_is_left(managed, monkeypatch, again):
    async with managed("one") as it:
        active, unload, ended = it.services.active, it.services.active._unload, threading.Event()
        told: list[str] = []
        monkeypatch.setattr(it.app, "notify", lambda said, **_: told.append(said))
        monkeypatch.setattr(active, "_unload", lambda: ended.wait(20) and unload())
        await it.mark("one")
        await it.asks("alt+x", ConfirmDialog)
        await it.press("y")
        await it.sees("one is deleted when it is unloaded")
        await it.press("escape")
        await wait_until_async(lambda: it.app.screen is not it.app.panel)
        assert (it.models / "one").is_dir()
        if again:
            active.use("one")
        ended.set()
        await wait_until_async(lambda: told)
        assert told[0].startswith("one is not deleted: it was loaded again" if again else "Deleted: one.")
        assert (it.models / "one").is_dir() == again


async def test_the_starter_stays(managed):
    async with managed() as it:
        await it.mark("starter")
        await it.press("alt+x")
        await it.sees("starter is part of ovchat. It stays.")


async def test_of_a_link_only_that_is_deleted(managed, elsewhere):
    async with managed() as it:
        os.symlink(elsewhere / "[b]x[/b]", it.models / "link")
        await it.app.panel.look_again()
        await it.mark("link")
        await it.asks("alt+x", ConfirmDialog)
        assert "Delete the link link?" in it.words
        await it.press("y")
        await it.sees("Deleted: the link link.")
        assert (elsewhere / "[b]x[/b]").is_dir()


async def test_an_added_folder_is_taken_off_the_list_with_all_its_models(managed, elsewhere):
    async with managed() as it:
        await it.asks("alt+a", TryingDialog)
        await it.writes(str(elsewhere))
        await it.sees("Listed now")
        await it.asks("alt+x", ConfirmDialog)
        assert "2 models of the list are in it. No file is deleted." in it.words
        await it.press("y")
        await it.sees("is off the list. Its files are as they were.")
        assert it.names == ["starter", "one", "two"]
        assert it.marked == "two"
        assert len(os.listdir(elsewhere)) == 2


# What happens on the disk


@pytest.fixture
def watchful(monkeypatch) -> None:
    monkeypatch.setattr("tui.screens.models._DISK_S", 0.05)


@pytest.mark.usefixtures("watchful")
async def test_what_comes_and_goes_is_seen(managed):
    async with managed() as it:
        await it.mark("two")
        shutil.copytree(it.models / "one", it.models / "new")
        await wait_until_async(lambda: "new" in it.names)
        assert it.marked == "two"
        shutil.rmtree(it.models / "two")
        await it.sees("two is not here any more.")
        assert it.names == ["starter", "new", "one"]
        assert it.marked == "one"


@pytest.mark.usefixtures("watchful")
async def test_a_broken_model_that_is_made_whole_is_ready(managed):
    async with managed() as it:
        await it.mark("two")
        weights = it.models / "two" / "openvino_model.bin"
        whole = weights.read_bytes()
        weights.write_bytes(whole[:100])
        row = it.names.index("two")
        await wait_until_async(lambda: it.app.panel.rows.items[row].model.problem is not None)
        weights.write_bytes(whole)
        await wait_until_async(lambda: it.app.panel.rows.items[row].model.problem is None)


@pytest.mark.usefixtures("watchful")
async def test_the_model_in_use_that_went_stays_loaded(managed):
    async with managed("one") as it:
        await it.mark("one")
        (it.models / "one").rename(it.home / "away")
        await it.sees("one is not here any more. It stays loaded until another one is.")
        assert it.services.active.status.model is not None


async def test_a_model_that_goes_while_it_is_to_be_loaded_is_told_of(managed):
    gone = threading.Event()
    async with managed() as it:
        choose = it.services.active._choose

        def choose_late(model: str | None, device: str | None) -> Choice:
            gone.wait(20)
            return choose(model, device)

        it.services.active._choose = choose_late
        await it.mark("one")
        await it.press("alt+l")
        (it.models / "one").rename(it.home / "away")
        await it.app.panel.look_again()
        assert it.names == ["starter", "two"]
        gone.set()
        await it.sees("There is no model 'one'.")
