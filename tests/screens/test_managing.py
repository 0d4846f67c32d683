"""Models managed in their list: a folder is added, one gets another name, one leaves."""

from __future__ import annotations

import os
import shutil
import threading

import pytest

from tests.screens.managed_models import elsewhere, managed
from tests.scripted import ScriptedRunner
from tests.waiting import wait_until_async
from tui.screens.dialogs import ConfirmDialog
from tui.screens.models import ModelsScreen
from tui.screens.trying_dialog import TryingDialog
from tui.store import paths
from tui.widgets.notice import Notice

__all__ = ["elsewhere", "managed"]


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


@pytest.mark.parametrize("keys", [("up",), ("alt+s",), ("alt+l",), ("alt+i", "escape")])
async def test_what_was_done_is_not_told_when_something_else_is_done(managed, monkeypatch, keys):
    async with managed() as it:
        await it.mark("two")
        await it.asks("alt+x", ConfirmDialog)
        await it.press("y")
        await it.sees("Deleted: two.")
        monkeypatch.setattr("tui.widgets.notice._READ_S", 0)
        await it.press(*keys)
        await wait_until_async(lambda: "Deleted" not in it.words, what=it.words)


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
        notice = panel.query_one(Notice)
        await wait_until_async(lambda: "It is one of storage.model_folders." in str(notice.content))
        said = str(notice.content)
        assert f"{paths.models_dir()}, {tmp_path / 'disk'} and in the Hugging Face cache." in said


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_of_a_very_long_name_both_ends_and_the_reason_are_told(managed, size):
    async with managed(size=size) as it:
        await it.asks("alt+a", TryingDialog)
        await it.writes(f"/begin/{'x' * 10_000}/end")
        await it.sees("/begin/xxx")
        await it.sees("/end")
        await it.sees("File name too long")


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


async def test_what_the_filter_would_hide_under_its_new_name_is_shown(managed):
    async with managed() as it:
        await it.press(*"two")
        await wait_until_async(lambda: it.names == ["two"])
        await it.asks("alt+r", TryingDialog)
        await it.writes("second")
        await it.sees("two is second now.")
        assert it.marked == "second"
        assert "one" in it.names


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
