"""What happens on the disk while the models' panel is open."""

from __future__ import annotations

import shutil
import threading

import pytest

from tests.long_works import Long, is_at_work
from tests.screens.managed_models import elsewhere, managed
from tests.waiting import wait_until_async
from tui.chat.choice import Choice
from tui.store import paths

__all__ = ["elsewhere", "managed"]


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
async def test_what_is_pulled_anew_is_not_said_to_be_gone(managed):
    async with managed() as it:
        await it.mark("two")
        is_at_work(it.services.jobs.begin(Long().pull("two")))
        shutil.rmtree(it.models / "two")
        await wait_until_async(lambda: it.names == ["starter", "one"])
        await it.pilot.pause()
        assert "not here any more" not in it.words


@pytest.mark.usefixtures("watchful")
async def test_the_first_steps_go_when_another_model_comes(managed, tmp_path):
    for name in ("one", "two"):
        (paths.models_dir() / name).rename(tmp_path / name)
    async with managed() as it:
        await it.sees("Only the starter is here")
        (tmp_path / "one").rename(it.models / "one")
        await wait_until_async(lambda: "one" in it.names)
        await wait_until_async(lambda: "Only the starter is here" not in it.words)


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


@pytest.mark.usefixtures("watchful")
async def test_a_chat_template_that_is_broken_is_marked_until_it_is_mended(managed):
    async with managed() as it:
        await it.mark("two")
        template = it.models / "two" / "chat_template.jinja"
        sound = template.read_text("utf-8")
        template.write_text("{% for x in %}", "utf-8")
        await it.sees("The chat template (chat_template.jinja) is broken at line 1: ")
        assert it.words.count("bad template") == 1
        template.write_text(sound, "utf-8")
        await wait_until_async(lambda: "bad template" not in it.words)


async def test_a_model_that_runs_though_its_template_is_broken_says_so_still(managed):
    (paths.models_dir() / "two" / "chat_template.jinja").write_text("{% for x in %}", "utf-8")
    async with managed("two", size=(120, 40)) as it:
        await it.mark("two")
        await it.sees("loaded on CPU")
        await it.sees("The chat template (chat_template.jinja) is broken at line 1: ")


async def test_the_model_in_use_is_used_though_its_files_are_broken_since(managed):
    async with managed("two", size=(60, 14)) as it:
        await it.mark("two")
        (it.models / "two" / "openvino_model.bin").write_bytes(b"short")
        await it.app.panel.look_again()
        assert it.app.panel.rows.current.model.problem is not None
        await it.press("enter")
        assert it.app.answer == "two"


@pytest.mark.parametrize("size", [(120, 40), (60, 14)])
async def test_why_a_model_cannot_be_used_is_told_once(managed, size):
    (paths.models_dir() / "two" / "openvino_model.bin").write_bytes(b"short")
    async with managed(size=size) as it:
        await it.mark("two")
        await it.press("enter")
        await it.sees("two cannot be used: ")
        assert it.words.count("is cut off") == 1


async def test_a_folder_that_may_not_be_looked_into_is_said(managed, unreadable):
    unreadable(paths.models_dir())
    async with managed() as it:
        await it.sees("cannot be read: Permission denied. Allow it: chmod -R u+rX")
