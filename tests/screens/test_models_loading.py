"""Models loaded and unloaded in their table, and given their devices."""

from __future__ import annotations

import pytest

from tests.screens.host import NOTHING_YET
from tests.screens.models_panel import QWEN, _memory, files, models, opened
from tests.scripted import ScriptedRunner
from tests.waiting import wait_until_async
from tui.engine.errors import DeviceNotFound, OvchatError
from tui.engine.generate import GenerationRequest
from tui.engine.sampling_params import SamplingParams
from tui.screens.dialogs import OptionsDialog

__all__ = ["_memory", "files", "models", "opened"]


async def test_loading_here_shows_how_it_goes_and_stays(opened):
    runner = ScriptedRunner(loaded=False)
    async with opened(runner=runner) as it:
        runner._load_s = 9000
        await it.press("down", "alt+l")
        await it.sees("s: reading the model")
        assert "loading" in it.row(QWEN)
        assert it.app.answer is NOTHING_YET
        runner._load_s = 0
        await it.press("up", "alt+l")
        await wait_until_async(lambda: "loaded" in it.row("starter"))
        assert "loading" not in it.row(QWEN)
        assert "loaded on CPU in 0.0 s: f32, KV cache in u8, a context of 4,096 tokens" in it.words


async def test_what_was_loaded_here_is_what_closing_answers(opened):
    async with opened() as it:
        await it.press("down", "alt+l")
        await wait_until_async(lambda: "loaded" in it.row(QWEN))
        await it.press("escape")
        assert it.app.answer == QWEN


async def test_closing_answers_nothing_where_nothing_was_loaded(opened):
    async with opened() as it:
        await it.press("escape")
        assert it.app.answer is None


async def test_a_load_that_fails_says_why_in_place_with_the_next_step(opened):
    async with opened() as it:
        it.runner.load_error = OvchatError("CPU cannot compile the model.", "Try another device.")
        await it.press("down", "alt+l")
        await it.sees("CPU cannot compile the model. Try another device.")
        assert "failed" in it.row(QWEN)
        await it.press("up")
        assert "Try another device" not in it.words
        it.runner.load_error = None
        await it.press("down", "alt+l")
        await wait_until_async(lambda: "loaded" in it.row(QWEN))
        assert "Try another device" not in it.words


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_a_load_that_fails_is_said_where_its_details_are_not_seen(opened, size):
    async with opened(size=size) as it:
        it.runner.load_error = OvchatError("CPU cannot compile the model.", "Try another device.")
        await it.press("down")
        it.panel.action_load()
        it.panel.action_move(-1)  # before it can have failed
        await it.sees(f"{QWEN}: CPU cannot compile the model. Try another device.")


async def test_what_failed_before_is_shown_when_the_panel_opens(opened):
    runner = ScriptedRunner(loaded=False)
    runner.load_error = DeviceNotFound("There is no device GPU here.", "There is: CPU.")
    async with opened(QWEN, runner=runner, until=lambda services: services.active.status.error) as it:
        assert it.marked == QWEN
        assert "failed" in it.row(QWEN)
        assert "There is no device GPU here." in it.words


async def test_what_unloading_waits_for_is_told_where_it_waits(opened):
    async with opened() as it:
        it.runner.go.clear()
        it.runner.generate(GenerationRequest(prompt="Tell me more", sampling=SamplingParams()))
        await it.press("alt+u")
        await it.sees("unloading, when the answer under way has ended")
        it.runner.go.set()
        await wait_until_async(lambda: "unloading" not in it.text)


async def test_unloading_and_loading_again(opened):
    async with opened() as it:
        await it.press("alt+u")
        await wait_until_async(lambda: "loaded" not in it.row("starter"))
        await wait_until_async(lambda: it.runner.model is None)
        await it.press("alt+u")  # does nothing now
        await it.press("alt+l")
        await wait_until_async(lambda: "loaded" in it.row("starter"))
        assert len(it.runner.loads) == 2


async def test_a_load_under_way_is_given_up(opened):
    runner = ScriptedRunner(loaded=False, load_s=9000)
    async with opened(runner=runner, until=lambda services: services.active.status.choice) as it:
        await it.sees("loading")
        await it.press("alt+u")
        await wait_until_async(lambda: not it.services.active.status.stage)
        assert runner.model is None
        assert "failed" not in it.row("starter")


async def test_what_the_model_in_use_holds_is_free_for_another_one(opened, models):
    runner = ScriptedRunner(loaded=False)
    async with opened(QWEN, runner=runner) as it:
        runner.model.files.weight_bytes = 5_200_000_000
        it.services.active.use("starter")
        await wait_until_async(lambda: "loaded" in it.row("starter"))
        assert "17 GB free" in it.words


# Devices


async def test_a_device_is_given_and_the_model_is_loaded_there_next(opened):
    async with opened() as it:
        await it.press("down", "alt+d")
        await wait_until_async(lambda: isinstance(it.app.screen, OptionsDialog))
        assert "A scripted processor" in it.text
        await it.press("down", "enter")
        await it.sees("CPU, given to it")
        assert it.services.active.given_devices == {QWEN: "CPU"}
        assert len(it.runner.loads) == 1


async def test_the_model_in_use_moves_to_its_new_device_at_once(opened):
    async with opened() as it:
        await it.press("alt+d")
        await wait_until_async(lambda: isinstance(it.app.screen, OptionsDialog))
        await it.press("down", "enter")
        await wait_until_async(lambda: len(it.runner.loads) == 2)
        assert it.runner.loads[-1][1] == "CPU"


async def test_a_device_that_is_gone_is_named_and_another_one_can_be_given(opened):
    async with opened(size=(120, 40), given={QWEN: "GPU.1"}) as it:
        assert "device gone" in it.row(QWEN)
        await it.press("down")
        assert "GPU.1 is gone: there is no such device here now." in it.words
        await it.press("alt+d")
        await wait_until_async(lambda: isinstance(it.app.screen, OptionsDialog))
        assert "GPU.1, where it was to run, is not here now." in it.words
        await it.press("enter")
        await it.sees("auto: the best one here")
        assert "device gone" not in it.text
        assert it.services.active.given_devices == {}


async def test_the_device_that_the_settings_name(opened):
    async with opened(size=(120, 40), user={"engine.device": "GPU"}) as it:
        await it.press("down")
        assert "GPU, gone" in it.text


async def test_leaving_the_question_for_the_device_changes_nothing(opened):
    async with opened() as it:
        await it.press("alt+d")
        await wait_until_async(lambda: isinstance(it.app.screen, OptionsDialog))
        await it.press("escape")
        assert it.services.active.given_devices == {}
        assert it.app.screen is it.panel
