from __future__ import annotations

import asyncio
import shutil
import threading
from pathlib import Path

import pytest
from textual.events import Key
from textual.widgets import Input, Static

from tests.screens.host import NOTHING_YET, listing, look, showing, unnamed_bindings
from tests.waiting import wait_until_async
from tui.library.find import Places, Source
from tui.library.local import LocalModel, local_models
from tui.screens.dialogs import ConfirmDialog
from tui.screens.models import ModelsScreen

SIZES = [(120, 40), (80, 24), (40, 12)]
BROKEN = "openvino_model.bin is cut off: 12 of 5,000,000 bytes. Get it again: hf download me/broken"


def models() -> list[LocalModel]:
    return [
        LocalModel("starter", Path("/opt/ovchat/starter"), Source.BUILT_IN, 4_100_000),
        LocalModel("OpenVINO/Qwen3-8B-int4-ov", Path.home() / "m" / "qwen", Source.HUGGING_FACE, 5_210_000_000),
        LocalModel("me/broken", Path("/models/me/broken"), Source.MODELS, None, BROKEN),
        LocalModel("[b]x[/b]\x1b[2J", Path("/models/x"), Source.MODELS, 999_900),
    ]


@pytest.mark.parametrize("size", SIZES)
async def test_name_size_and_folder(size):
    async with listing(ModelsScreen(models, "starter"), size) as (app, _):
        text = app.text()
        assert "in use  4.1 MB" in text
        assert "5.2 GB" in text
        assert str(Path("~/m/qwen")) in text
        assert "Cannot be used: openvino_model.bin" in text


async def test_the_cursor_is_on_the_one_in_use_and_enter_answers_a_name():
    async with listing(ModelsScreen(models, "OpenVINO/Qwen3-8B-int4-ov")) as (app, pilot):
        assert app.panel.rows.current.name == "OpenVINO/Qwen3-8B-int4-ov"
        await pilot.press("up", "enter")
        await pilot.pause()
        assert app.answer == "starter"


async def test_a_broken_one_cannot_be_chosen_and_says_all_of_why():
    async with listing(ModelsScreen(models, None)) as (app, pilot):
        await pilot.press("down", "down", "enter")
        await pilot.pause()
        assert app.answer is NOTHING_YET
        assert "hf download me/broken" in " ".join(app.text().split())


async def test_filtering():
    async with listing(ModelsScreen(models, "starter")) as (app, pilot):
        await pilot.press(*"qwen", "enter")
        await pilot.pause()
        assert app.answer == "OpenVINO/Qwen3-8B-int4-ov"


async def test_names_are_neither_markup_nor_obeyed():
    async with listing(ModelsScreen(models, None)) as (app, _):
        assert "[b]x[/b]␛[2J" in app.text()
        assert "1.0 MB" in app.text()


async def test_the_keys_work_while_the_folders_are_read():
    going_on = threading.Event()

    def slow():
        going_on.wait(20)
        return models()

    async with showing(ModelsScreen(slow, None)) as (app, pilot):
        assert "looking" in app.text()
        await pilot.press("x", "down", "enter", "escape")
        await pilot.pause()
        going_on.set()
        assert app.answer is None


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


async def test_what_is_found_while_the_panel_closes_is_shown_to_nobody():
    going_on = threading.Event()

    def slow():
        going_on.wait(20)
        return models()

    panel = ClosingSlowly(slow, None)
    async with showing(panel) as (app, _):
        last = panel.query_one(SlowToGo)
        (reading,) = app.workers
        app.post_message(Key("escape", None))
        await wait_until_async(lambda: not panel.query(Input))
        going_on.set()
        await wait_until_async(lambda: reading.is_finished)
        last.go.set()
        await wait_until_async(lambda: not panel.is_running)


async def test_no_model_at_all():
    async with listing(ModelsScreen(list, None)) as (app, pilot):
        await pilot.press("enter", "down")
        assert "There is no model here" in app.text()
        assert app.answer is NOTHING_YET


async def test_what_is_really_here(tiny_model, tmp_path):
    shutil.copytree(tiny_model("llama"), tmp_path / "llama")
    shutil.copytree(tiny_model("llama"), tmp_path / "cut off")
    weights = tmp_path / "cut off" / "openvino_model.bin"
    weights.write_bytes(weights.read_bytes()[:100])
    found = {model.name: model for model in local_models(Places(models=tmp_path, hugging_face=tmp_path / "none"))}
    assert found["llama"].problem == ""
    assert found["llama"].size_bytes == sum(path.stat().st_size for path in (tmp_path / "llama").iterdir())
    assert "openvino_model.bin" in found["cut off"].problem
    assert found["starter"].problem == ""

    async with listing(ModelsScreen(lambda: list(found.values()), None)) as (app, pilot):
        await pilot.press(*"llama", "enter")
        await pilot.pause()
        assert app.answer == "llama"


async def test_every_key_has_an_id_a_label_and_a_tooltip():
    assert unnamed_bindings(ModelsScreen) == []
    assert "Use it" in await look(ModelsScreen(models, None))


async def test_one_that_is_closed_before_it_is_there_just_closes():
    answers: list[object] = []
    async with showing(ConfirmDialog("Title", "Really?")) as (app, pilot):
        panel = ModelsScreen(lambda: [], None)
        app.push_screen(panel, answers.append)
        panel.action_close()
        panel.action_close()
        await wait_until_async(lambda: answers == [None])
        await pilot.pause()
        assert app.screen is app.panel
