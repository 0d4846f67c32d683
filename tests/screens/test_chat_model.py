"""The model, its device and its sampling values, from the chat."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import tui.screens
from tests.long_works import Long
from tests.screens.using import OpenChat
from tests.scripted import ScriptedRunner
from tui.chat.choice import Choice
from tui.engine.errors import DeviceNotFound, OvchatError
from tui.engine.options import EngineOptions
from tui.library.find import Source
from tui.library.local import LocalModel
from tui.screens import chat as chat_screen
from tui.screens import modal
from tui.screens.dialogs import OptionsDialog
from tui.screens.models import ModelsScreen
from tui.screens.services import Start


async def test_function_keys_change_temperature_and_preset_for_the_next_turn(opened: OpenChat) -> None:
    runner = ScriptedRunner()
    async with opened(runner) as chat:
        await chat.press("f7", "f7")
        await chat.until(lambda: "T 0.9" in chat.status)
        await chat.write("warm")
        await chat.idle(2)
        assert runner.requests[0].sampling.temperature == pytest.approx(0.9)
        await chat.press("f6")
        await chat.until(lambda: "T 0.8" in chat.status)
        await chat.press("f8")
        await chat.until(lambda: "creative" in chat.status)
        await chat.press("f8")
        await chat.until(lambda: "default  T 0.7" in chat.status)
        assert not chat.session.conversation.sampling
        await chat.press("f8")
        await chat.until(lambda: "precise" in chat.status)
        assert chat.session.sampling().params.temperature == pytest.approx(0.2)


async def test_a_device_that_is_gone_leads_to_a_choice(opened: OpenChat) -> None:
    runner = ScriptedRunner(loaded=False)
    runner.load_error = DeviceNotFound("There is no device GPU here.", "There is: CPU.")
    async with opened(runner, start=Start(device="GPU"), ready=False) as chat:
        await chat.until(lambda: isinstance(chat.app.screen, OptionsDialog))
        runner.load_error = None
        await chat.press("enter")
        await chat.until(lambda: chat.app.services.active.status.model is not None)
        assert runner.loads[-1][1] == "CPU"


async def test_a_choice_that_opens_while_somebody_types_is_not_made_by_that(
    opened: OpenChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(modal, "_QUIET_S", 3600.0)
    runner = ScriptedRunner(loaded=False)
    runner.load_error = DeviceNotFound("There is no device GPU here.", "There is: CPU.")
    async with opened(runner, start=Start(device="GPU"), ready=False) as chat:
        asked = await chat.panel(OptionsDialog)
        await chat.press("2", "enter")
        assert await chat.still()
        assert chat.app.screen is asked
        assert len(runner.loads) == 1


@pytest.mark.parametrize(("set_device", "first"), [("auto", "auto the best one here"), ("NPU", "auto NPU, as your")])
async def test_a_device_is_given_and_taken_back_from_the_chat_as_in_the_table(
    opened: OpenChat, set_device: str, first: str
) -> None:
    runner = ScriptedRunner()
    async with opened(runner, user={"engine.device": set_device}) as chat:
        active = chat.app.services.active
        for key, given in (("2", {"scripted": "CPU"}), ("1", {})):
            loads = len(runner.loads)
            await chat.screen.run_action("device")
            await chat.until(lambda: first in chat.shown)
            assert "CPU A scripted processor" in chat.shown
            await chat.press(key)
            await chat.until(lambda loads=loads: len(runner.loads) > loads and active.status.model is not None)
            await chat.until(lambda given=given: active.given_devices == given)


async def test_a_model_that_fails_is_said_with_the_next_step_and_the_app_goes_on(opened: OpenChat) -> None:
    runner = ScriptedRunner(loaded=False)
    runner.load_error = OvchatError("The weights are cut off.", "Get the model again.")
    async with opened(runner, ready=False) as chat:
        await chat.until(lambda: "The weights are cut off. Get the model again." in chat.notice)
        await chat.write("still typing")
        assert chat.queued == ["queued: still typing"]


async def test_sampling_values_that_do_not_go_together_stop_nothing(opened: OpenChat) -> None:
    async with opened(user={"sampling.min_tokens": 100, "sampling.max_tokens": 10}) as chat:
        await chat.write("question")
        await chat.idle(2)
        assert "do not go together" in chat.notice


async def test_a_prompt_loads_a_model_that_was_unloaded_again(opened: OpenChat) -> None:
    runner = ScriptedRunner()
    async with opened(runner) as chat:
        active = chat.app.services.active
        active.unload()
        await chat.until(lambda: "not loaded" in chat.status)
        await chat.write("still there?")
        await chat.idle(2)
        assert chat.texts[0] == "still there?"
        assert len(runner.loads) == 2


async def test_an_unloaded_model_keeps_its_own_values_which_the_next_prompt_is_answered_with(opened: OpenChat) -> None:
    runner = ScriptedRunner(generation_config={"temperature": 0.2})
    async with opened(runner) as chat:
        await chat.until(lambda: "T 0.2" in chat.status)
        chat.app.services.active.unload()
        await chat.until(lambda: "not loaded" in chat.status and runner.model is None)
        await chat.new_chat()
        await chat.until(lambda: "T 0.2" in chat.status)


async def test_counts_are_those_of_the_model_in_use(opened: OpenChat) -> None:
    runner = ScriptedRunner()
    async with opened(runner) as chat:
        active = chat.app.services.active
        await chat.write("question")
        await chat.idle(2)
        await chat.until(lambda: "context" in chat.status and "tok/s" in chat.status)
        active.unload()
        await chat.until(lambda: "not loaded" in chat.status)
        assert "/4,096" not in chat.status
        assert "tok/s" not in chat.status
        active.use("other")
        await chat.until(lambda: "other" in chat.status and "context" in chat.status)
        assert "tok/s" not in chat.status
        active.use("scripted")
        await chat.until(lambda: "scripted" in chat.status and "tok/s" in chat.status)


async def test_another_answer_of_a_model_that_was_unloaded_loads_it_and_comes_then(opened: OpenChat) -> None:
    runner = ScriptedRunner()
    async with opened(runner) as chat:
        await chat.write("question")
        await chat.idle(2)
        active = chat.app.services.active
        active.unload()
        await chat.until(lambda: "not loaded" in chat.status)
        await chat.press("ctrl+r")
        await chat.until(lambda: len(runner.requests) == 2)
        assert len(runner.loads) == 2


async def test_a_model_is_loaded_from_the_table_and_the_chat_is_back(opened: OpenChat) -> None:
    models = [LocalModel(name, Path(name), Source.MODELS, Path()) for name in ("scripted", "other")]
    runner = ScriptedRunner()
    async with opened(runner, models=models) as chat:
        await chat.press("f3")
        await chat.panel(ModelsScreen)
        await chat.press("down", "enter")
        await chat.until(lambda: chat.app.services.active.status.title == "other")
        assert chat.app.screen is chat.screen
        await chat.until(lambda: "other" in chat.status)
        assert chat.session.conversation.model == "other"


async def test_what_fails_in_the_table_is_said_there_and_asks_nothing(opened: OpenChat) -> None:
    models = [LocalModel(name, Path(name), Source.MODELS, Path()) for name in ("scripted", "other")]
    runner = ScriptedRunner()
    async with opened(runner, models=models) as chat:
        await chat.press("f3")
        panel = await chat.panel(ModelsScreen)
        runner.load_error = DeviceNotFound("There is no device GPU here.", "There is: CPU.")
        await chat.press("down", "alt+l")
        await chat.until(lambda: "There is no device GPU here." in chat.shown)
        await chat.until(lambda: "There is no device GPU here." in chat.notice)  # the chat has seen it, too
        assert await chat.still()
        assert chat.app.screen is panel


async def test_panels_are_imported_once_the_model_is_there(
    opened: OpenChat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "panel_of_this_test.py").write_text("", "utf-8")
    monkeypatch.setattr(tui.screens, "__path__", [*tui.screens.__path__, str(tmp_path)])
    monkeypatch.setattr(chat_screen, "_LATER", (*chat_screen._LATER, "panel_of_this_test"))
    monkeypatch.setattr(chat_screen, "_QUIET_S", 0.0)
    async with opened(ScriptedRunner()) as chat:
        await chat.until(lambda: "tui.screens.panel_of_this_test" in sys.modules)
    del sys.modules["tui.screens.panel_of_this_test"]


async def test_what_was_said_of_a_model_goes_when_it_comes_back_or_another_one_is_used(opened: OpenChat) -> None:
    gone = "The model used last, a/b, is not there any more; this is the starter."
    async with opened() as chat:
        services = chat.app.services

        def choose(model: str | None, device: str | None) -> Choice:
            notices = (gone,) if model == "starter" else ()
            return Choice(model or "x", Path("x"), model or "x", "CPU", "", EngineOptions(), notices=notices)

        services.active._choose = choose
        for comes_back in (True, False):
            services.active.use("starter")
            await chat.until(lambda: gone in chat.notice)
            if comes_back:
                long = Long()
                long.go.set()
                services.jobs.begin(long.pull("a/b"))
                await chat.until(lambda: chat.notice == "a/b is here: F3 to use it.")
            services.active.use("other")
            await chat.until(lambda: gone not in chat.notice)
